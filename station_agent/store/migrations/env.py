"""Alembic's environment: runs the revisions on the connection that `migrate()` brings, inside its transaction."""

from alembic import context

from station_agent.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
