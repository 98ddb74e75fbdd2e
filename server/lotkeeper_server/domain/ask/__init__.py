"""Questions that change nothing: traces, and whether a location has room."""
