"""Who may, and how a refusal becomes a status: what stands before every method."""
