"""Moves old completed records out to files; an opening balance takes their place. The store keeps serving."""
