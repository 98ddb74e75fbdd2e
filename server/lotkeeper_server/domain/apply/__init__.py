"""Steps 12 to 16: an action moves stock and writes records, or is refused."""
