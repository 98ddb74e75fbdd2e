"""A small gRPC server on gRPC's C core: bytes in, bytes out. It knows nothing of what is served."""
