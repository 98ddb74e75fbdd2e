"""A whole plant as one document: read, applied in one transaction, and exported."""
