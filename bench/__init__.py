"""Benchmarks: programs with a ratio against a reference in the same run, never timed tests."""
