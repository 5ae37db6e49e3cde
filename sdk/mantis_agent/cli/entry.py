"""Parsing the command line and ending with an exit code. Packages add commands by entry points."""

import argparse
import inspect
import os
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from mantis_agent.cli import codes, commands, run
from mantis_agent.cli.connection import add_options
from mantis_agent.cli.errors import UsageError
from mantis_agent.cli.terminal import Terminal, clean
from mantis_agent.errors import (
    MantisAPIError,
    MantisAuthError,
    MantisConnectionError,
    MantisError,
)
from mantis_agent.version import __version__

COMMANDS = "mantis.commands"
"""Entry point group. An entry is a callable that takes the subcommand's parser, adds its
arguments and sets `handler`; its docstring is the help text."""

_CODES = """exit codes: 0 done, 1 the watched run failed or was cancelled, 2 the command line or
a file is not usable, 3 the service can't be reached, 4 the service refused, 130 interrupted"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: words after `mantis`; None takes those of the process.

    Returns:
        The exit code (`mantis_agent.cli.codes`).
    """
    words = sys.argv[1:] if arguments is None else arguments
    terminal = Terminal()
    try:
        parsed = _parser(words, terminal).parse_args(words)
        return int(parsed.handler(parsed))
    except UsageError as error:
        return _told(terminal, str(error), codes.USAGE)
    except MantisConnectionError as error:
        hint = "is it running? --endpoint or MANTIS_ENDPOINT says where"
        return _told(terminal, f"{error}; {hint}", codes.UNREACHABLE)
    except MantisAuthError as error:
        hint = "; --token or MANTIS_API_TOKEN gives the token" if error.status_code == 401 else ""
        return _told(terminal, f"{error.detail}{hint}", codes.REFUSED)
    except MantisAPIError as error:
        return _told(terminal, error.detail, codes.REFUSED)
    except MantisError as error:
        return _told(terminal, str(error), codes.USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return codes.OK
    except KeyboardInterrupt:
        return codes.INTERRUPTED


def _told(terminal: Terminal, message: str, code: int) -> int:
    terminal.note(f"mantis: {clean(message)}")
    return code


def _parser(words: Sequence[str], terminal: Terminal) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mantis",
        description="Durable runs of browser agents behind one HTTP API.",
        epilog=_CODES,
    )
    parser.add_argument("--version", action="version", version=f"mantis-agent {__version__}")
    add_options(parser, suppress=False)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    own = {"run": run.configure} | commands.CONFIGURE
    for name, configure in own.items():
        add_options(_add(subparsers, name, configure, argparse.HelpFormatter), suppress=True)
    for entry in _wanted(words, own):
        try:
            configure = entry.load()
        except (ImportError, AttributeError) as error:
            terminal.note(f"mantis: the command '{entry.name}' can't be loaded: {error}")
            continue
        _add(subparsers, entry.name, configure, argparse.ArgumentDefaultsHelpFormatter)
    return parser


def _add(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",  # pyright: ignore[reportPrivateUsage]
    name: str,
    configure: commands.Configure,
    formatter: type[argparse.HelpFormatter],
) -> argparse.ArgumentParser:
    text = inspect.getdoc(configure) or ""
    parser = subparsers.add_parser(
        name, help=text.partition("\n")[0], description=text, formatter_class=formatter
    )
    configure(parser)
    return parser


def _wanted(words: Sequence[str], own: dict[str, commands.Configure]) -> list[EntryPoint]:
    """The entry points to load: one alone where it is named, since loading a service takes time."""
    found = [entry for entry in entry_points(group=COMMANDS) if entry.name not in own]
    known = {*own, *(entry.name for entry in found)}
    named = next((word for word in words if word in known), None)
    if named is not None:
        found = [entry for entry in found if entry.name == named]
    return sorted({entry.name: entry for entry in found}.values(), key=lambda entry: entry.name)
