"""`status`: what the processes of this machine that serve a store say of themselves, and what the store says."""
