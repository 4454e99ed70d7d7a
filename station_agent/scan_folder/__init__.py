"""The folder into which the office scanner writes: what lies there is taken into the tray once, whole, and never altered."""
