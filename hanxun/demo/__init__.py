"""`hanxun demo`: the mistaken-move story and a correction, played with real processes and the public commands."""

from hanxun.demo.verb import app

__all__ = ["app"]
