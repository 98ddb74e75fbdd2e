"""Clients of Connect and gRPC-Web that others have made, against a real server: `python -m tests.http_clients`."""
