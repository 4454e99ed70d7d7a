"""What travels: message structs, media types, digests, instants, error codes. JSON <-> struct, nothing else."""
