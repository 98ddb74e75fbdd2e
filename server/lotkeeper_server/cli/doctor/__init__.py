"""`doctor`: what a server would meet at its start, found out before it, and nothing changed by that."""
