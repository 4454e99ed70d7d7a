"""Measures: each command prints one JSON line per measure, as a ratio to a limit taken in the same run."""
