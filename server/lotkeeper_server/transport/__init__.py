"""gRPC on its C core as a small server. It knows nothing of Lotkeeper."""
