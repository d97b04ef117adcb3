"""Heads in glTF 2.0 files, read and written."""
