"""The auditors' and administrators' pages of the hub: a process of its own beside the serving hub, on the same store."""
