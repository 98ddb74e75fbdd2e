"""What an operator sees of a server: metrics, and a line of the log for each call that did not go well."""
