"""The agent's memory: one SQLite file and a folder of blobs. SQL stands only here; every function takes an open transaction."""
