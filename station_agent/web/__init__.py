"""The officers' pages of one station: rendered here, on the station's network, by the same acts as the command line's."""
