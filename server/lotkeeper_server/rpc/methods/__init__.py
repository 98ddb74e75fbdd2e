"""The methods of the contract: read the request, ask the engine, write the answer."""
