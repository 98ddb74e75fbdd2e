"""The conformance suite for clients: a scripted server, a driver, and what a client has to come through."""
