"""Scans and letters: sniff, refuse, embed in PDF, preview, find the stamp. Outside bytes are decoded in a child only."""
