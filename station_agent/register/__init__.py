"""The population register behind one interface. The product never writes it past the gate; the reference stands in for it."""
