"""The border: bytes and proto on one side, domain commands on the other, refusals to google.rpc.Status."""
