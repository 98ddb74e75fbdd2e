"""Access: tokens, roles and hierarchical permissions."""
