"""Heads that can be posed by ARKit's shapes."""
