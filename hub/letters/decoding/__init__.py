"""What runs in the sandboxed child, and nowhere else: every decoder of outside bytes. Results go back as plain data."""
