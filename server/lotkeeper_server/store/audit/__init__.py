"""Events of who did or tried what: written beside what they tell of, listed, followed, and taken away when old."""
