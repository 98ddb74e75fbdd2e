"""A second, naive reading of the rules: what every answer and all stock must be, worked out one call at a time.

It shares no code with the server. Quantities are fractions of a unit, ids are plain keys ("lot 3"), and every call
works on a copy of the plant that replaces the original only where nothing was refused.
"""
