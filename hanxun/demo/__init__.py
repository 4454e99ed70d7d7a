"""`hanxun demo`: the mistaken-move story and a correction, played with real processes and the public commands."""
