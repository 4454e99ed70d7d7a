"""Holidays and make-up working days, one TOML file per year."""
