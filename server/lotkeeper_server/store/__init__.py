"""Tables, dialects and statements. It does not know the rules."""
