"""The gate before the register: material in, verdict out. It is evaluated from bytes and keys held here and has no override."""
