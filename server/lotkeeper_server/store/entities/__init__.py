"""What the catalog asks about rows of entities: pages, paths, what refers to them, records of lots."""
