"""Alembic revisions of the hub's database; each is frozen once released."""
