"""The durable run: the deterministic workflow, its messages and its activities' interfaces."""
