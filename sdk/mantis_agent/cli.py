"""The `mantis` command. Installed packages add subcommands by entry points."""

import argparse
import inspect
from importlib.metadata import entry_points

COMMANDS = "mantis.commands"
"""Entry point group. An entry is a callable that takes the subcommand's parser, adds its
arguments and sets `handler`; its docstring is the help text."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: words after `mantis`; None takes those of the process.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="mantis", description="Durable runs of browser agents behind one HTTP API."
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for entry in sorted(entry_points(group=COMMANDS), key=lambda entry: entry.name):
        configure = entry.load()
        text = inspect.getdoc(configure) or ""
        configure(
            subparsers.add_parser(
                entry.name,
                help=text.partition("\n")[0],
                description=text,
                formatter_class=argparse.ArgumentDefaultsHelpFormatter,
            )
        )
    parsed = parser.parse_args(arguments)
    return int(parsed.handler(parsed))
