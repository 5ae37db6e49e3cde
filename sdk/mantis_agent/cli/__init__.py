"""The `mantis` command."""

from mantis_agent.cli.entry import COMMANDS, main

__all__ = ["COMMANDS", "main"]
