"""Case types as data: one TOML file each, and `shared.toml`, which also documents the language."""
