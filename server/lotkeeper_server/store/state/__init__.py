"""What decisions read and write: definitions, lots, stock, records, requests."""
