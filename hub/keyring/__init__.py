"""Keys as they lie on a machine: file or token, certificate, request; unlocking, renewing, and warnings before expiry."""
