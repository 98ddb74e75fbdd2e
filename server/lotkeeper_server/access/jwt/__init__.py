"""JSON Web Tokens of an OpenID Connect issuer: who they say calls, once they are proven."""
