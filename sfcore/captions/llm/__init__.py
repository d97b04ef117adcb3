"""Captions by a frozen language model behind an OpenAI-compatible endpoint: asked, read, checked, remembered, paid for."""
