"""The client on asyncio, a module for each part of the contract."""
