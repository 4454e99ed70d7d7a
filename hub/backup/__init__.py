"""Backups of a data folder: one encrypted file, verified after writing; restored whole or not at all. No network."""
