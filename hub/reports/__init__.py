"""What trail and cases state, as printed pages. Joins floors that do not know each other: the log and the printing."""
