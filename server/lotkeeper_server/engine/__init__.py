"""Group commit: concurrent calls become one transaction; each is answered when that is durable."""
