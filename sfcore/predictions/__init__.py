"""Answers about pictures that people bring: where they come from, rows, files, and a preview on the rig."""
