"""What the archive reads from the store, and what it puts in place of records."""
