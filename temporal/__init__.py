"""The boot: client, workers by pool, the embedded stack, `mantis serve`."""
