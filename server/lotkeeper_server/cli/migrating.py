"""`migrate`: brings the schema to this version, or says what that would do."""

import sys
from pathlib import Path
from typing import Final

import click
from lotkeeper.visible_text import visible

from lotkeeper_server.cli.opening import database, fail, opened, settings_for_once
from lotkeeper_server.cli.progress import migration_told
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.db.revision import HEAD_REVISION
from lotkeeper_server.store.schema.migrating import SchemaState, schema_state

EXIT_MISSING: Final = 3
"""The status of `migrate --check` where there is something to do."""


@click.command()
@click.option("--check", is_flag=True, help=f"Change nothing; end with status {EXIT_MISSING} if there is work to do.")
@click.option("--plan", is_flag=True, help="Change nothing; list the steps, what each takes, and who may serve then.")
@database
@click.pass_obj
def migrate(config_file: Path | None, /, check: bool, plan: bool, **flags: str | Path | None) -> None:
    """Bring the store's schema to this version; how far that has come is told while it lasts."""
    url = settings_for_once(flags, config_file).database_url
    if check or plan:
        _tell(url, is_check=check, is_plan=plan)
        return
    from lotkeeper_server.store.schema.migrating import migrate as migrate_store  # noqa: PLC0415 - beside its own name
    from lotkeeper_server.store.schema.notices import noticing  # noqa: PLC0415

    def left(text: str) -> None:
        click.echo(visible(text), err=True)

    with migration_told(), opened(url) as store, noticing(left):
        done = migrate_store(store)
    click.echo("migrated" if done else "the schema is current")


def _tell(url: str, *, is_check: bool, is_plan: bool) -> None:
    """Says what there is to do, and ends the process with what `--check` promises."""
    from lotkeeper_server.store.schema.migrating import steps_missing  # noqa: PLC0415 - imports Alembic

    with opened(url) as store:
        if store.path is not None and not store.path.exists():
            fail(f"{store.path}: the store does not exist")
        steps = steps_missing(store)
        if not steps:
            _tell_nothing(store)
            return
    count = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
    click.echo(f"{count} to schema {HEAD_REVISION}")
    if is_plan:
        for step in steps:
            click.echo(f"{step.revision}: {step.summary}")
            click.echo(f"  {step.cost}")
        oldest = max(step.serves_from for step in steps)
        click.echo(f"from its beginning on, servers of schema {oldest} and newer may serve; older ones stop")
    if is_check:
        sys.exit(EXIT_MISSING)


def _tell_nothing(store: Store) -> None:
    state = schema_state(store)
    if state is SchemaState.NEWER:
        raise StoreError("The store was written by a newer version of Lotkeeper; upgrade this program.")
    ahead = "the schema is newer, and this program may serve on it"
    click.echo(ahead if state is SchemaState.AHEAD else "the schema is current")
