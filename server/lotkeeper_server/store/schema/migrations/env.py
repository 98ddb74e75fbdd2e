"""Runs migrations in the transaction that `migrating.migrate` began."""

from alembic import context

from lotkeeper_server.store.schema.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
)
context.run_migrations()
