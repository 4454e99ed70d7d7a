"""The command line: one command, `hanxun`. A verb parses, calls one story, prints, and maps errors to exit codes."""
