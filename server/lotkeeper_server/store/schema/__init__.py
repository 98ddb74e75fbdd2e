"""The tables, and how a store is brought from one version of them to the next."""

# Who imports the schema gets all of its tables.
from lotkeeper_server.store.schema import access_tables as access_tables
from lotkeeper_server.store.schema import archive_tables as archive_tables
from lotkeeper_server.store.schema import audit_tables as audit_tables
from lotkeeper_server.store.schema import coordination_tables as coordination_tables
from lotkeeper_server.store.schema import genealogy_tables as genealogy_tables
from lotkeeper_server.store.schema import staging_tables as staging_tables
