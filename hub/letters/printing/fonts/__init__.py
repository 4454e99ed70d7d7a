"""The font of printed pages (a subset of Noto Sans CJK SC, made by `tools/make_font.py`) and its licence."""
