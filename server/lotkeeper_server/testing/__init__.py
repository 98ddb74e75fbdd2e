"""A server for tests: its store in memory, its clock in the hands of the test."""
