"""The hub, and the libraries both sides stand on. Start at `exchange/`: the hub's one story, told in order."""
