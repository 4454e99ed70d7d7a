"""Alembic revisions of the agent's database; each is frozen once released."""
