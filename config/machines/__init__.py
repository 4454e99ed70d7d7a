"""State machines as data (M1, M2, M4)."""
