"""Who may: tokens, roles and hierarchical permissions."""
