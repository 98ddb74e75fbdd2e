"""The story that every client tells, each in its language, with output that is equal to the letter."""
