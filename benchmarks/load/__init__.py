"""What the measures share: a hub of their own, a load generator in its own process, limits of the machine."""
