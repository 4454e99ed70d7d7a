"""One module per page: a function of the desk and the visit that returns what the template shows."""
