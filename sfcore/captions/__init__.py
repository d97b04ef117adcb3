"""Descriptions in words: from coefficients to text, from text back to claims, and whether they agree."""
