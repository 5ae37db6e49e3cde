"""The pools that workers serve, a module each, so that a process loads only what it needs."""
