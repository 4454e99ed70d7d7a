"""The hub's one story, told in order: accept -> verify -> file -> deliver. Async edges over pure cores."""
