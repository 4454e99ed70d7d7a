"""The trail: an append-only log in standard formats (RFC 6962, C2SP). Bytes in, values and verdicts out; no database, no network."""
