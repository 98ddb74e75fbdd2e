"""Steps 4 to 11: an operation with its arguments, or a requested action, becomes an `Action`."""
