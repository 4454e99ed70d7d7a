"""Keys, certificates, trust, signed envelopes, receipts, acts and seals: bytes in, verdict out. No network, no clock."""
