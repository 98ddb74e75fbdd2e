"""What the archive reads of the store, and what it puts in the place of records."""
