"""The evidence file of a case: one ASiC-E container that anyone can check years later, offline, from the root alone."""
