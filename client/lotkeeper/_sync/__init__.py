# Made from _async/__init__.py by `python client/async_to_sync.py`; change that file instead.
"""The client without asyncio, a module for each part of the contract."""
