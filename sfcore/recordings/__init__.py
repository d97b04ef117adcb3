"""Recordings of facial motion: one module per file format, and the coefficient prior."""
