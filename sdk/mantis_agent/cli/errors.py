"""What the command says instead of a traceback."""

from mantis_agent.errors import MantisError


class UsageError(MantisError):
    """The command line, or a file that it names, is not usable."""
