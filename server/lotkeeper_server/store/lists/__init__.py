"""Pages of lists, stock as it was, and the edges of traces."""
