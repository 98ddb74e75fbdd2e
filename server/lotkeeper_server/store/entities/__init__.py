"""What the catalog asks of the rows of entities: pages of them, paths, who refers to them, records of lots."""
