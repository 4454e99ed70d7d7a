"""The hub's memory: SQL schema, migrations, queries, the one writer; letter blobs. SQL stands nowhere else."""
