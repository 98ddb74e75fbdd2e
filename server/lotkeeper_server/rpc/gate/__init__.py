"""What comes before every method: who may call, and how a refusal becomes a status."""
