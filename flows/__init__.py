"""The DAGs people run, and the ``sface`` command."""
