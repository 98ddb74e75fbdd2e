"""Tables, dialects and statements. It knows nothing of rules."""
