"""What a release publishes beside the Python package, a module each; `deploy/release.py` makes all of it."""


class NoRelease(Exception):
    """Why there is none, in words."""
