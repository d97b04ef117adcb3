"""The workspace: Delta tables and files, the same on a local disk and on S3."""
