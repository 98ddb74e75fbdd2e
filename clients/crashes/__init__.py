"""Proves that a client which coalesces counts every call once, though the server is killed under it."""
