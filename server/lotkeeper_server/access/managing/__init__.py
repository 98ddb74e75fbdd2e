"""Roles, tokens and grants as callers change them: by the rights that the caller has in the transaction that writes."""
