"""The methods for what has no gRPC: HTTP and JSON."""
