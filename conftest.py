"""Puts the project's root on the path, so that tests can import their builders as `tests.<area>.builders`."""
