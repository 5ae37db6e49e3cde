"""Version of the distribution `mantis-agent`."""

__version__ = "0.1.0"
