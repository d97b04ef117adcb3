"""Teaching a vision tower to see faces, before any language."""
