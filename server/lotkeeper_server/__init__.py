"""The Lotkeeper server: a functional core (domain) in an imperative shell (engine, store, rpc)."""
