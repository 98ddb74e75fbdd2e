"""Tables, dialects and statements. It knows nothing of rules."""

from lotkeeper_server.store import archive_tables as archive_tables  # the schema has its tables whoever asks for it
