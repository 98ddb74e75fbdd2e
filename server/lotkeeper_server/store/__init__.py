"""Tables, dialects and statements. It knows nothing of rules."""

# The schema has their tables, whoever asks for it.
from lotkeeper_server.store import access_tables as access_tables
from lotkeeper_server.store import archive_tables as archive_tables
from lotkeeper_server.store import coordination_tables as coordination_tables
