"""`mantis plan check FILE`: all problems of a plan, before it is submitted."""

import argparse
import json
import sys
from pathlib import Path

from pydantic import JsonValue

from plans.caps import Caps
from plans.check.check import check_text
from plans.check.problems import Findings, Level, Problem
from plans.files import MAX_PLAN_FILE_BYTES

ACCEPTABLE, PROBLEMS, UNREADABLE = 0, 1, 2
"""Exit codes."""


def plan(parser: argparse.ArgumentParser) -> None:
    """Check a plan file."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser(
        "check",
        help="name every problem of a plan",
        description="Name every problem of a plan, with its step and a way out. Exit code 0: the "
        "service takes it; 1: it has errors, or with --strict warnings; 2: it can't be read.",
    )
    check.add_argument("file", metavar="FILE", help="a .json or text file, or - for standard input")
    check.add_argument(
        "--input", action="append", default=[], metavar="NAME=TEXT", help="a value for {{NAME}}"
    )
    check.add_argument("--strict", action="store_true", help="warnings count as errors")
    check.add_argument("--json", action="store_true", help="the findings as JSON")
    check.set_defaults(handler=_check)


def _check(arguments: argparse.Namespace) -> int:
    name: str = arguments.file
    inputs: dict[str, JsonValue] = {}
    for word in arguments.input:
        key, equals, value = str(word).partition("=")
        if not equals or not key:
            return _unreadable(f"--input takes NAME=TEXT, not '{word}'")
        inputs[key] = value
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _unreadable(f"{name} is not UTF-8 text")
    except OSError as error:
        return _unreadable(f"can't read {name}: {error.strerror}")
    if len(content) > MAX_PLAN_FILE_BYTES:
        return _unreadable(f"{name} is larger than the {MAX_PLAN_FILE_BYTES} bytes of a plan file")
    found = check_text(text, name, inputs, Caps())
    if arguments.json:
        shown = {"file": name, "acceptable": found.acceptable, **found.model_dump(mode="json")}
        sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(name, found)) + "\n")
    bad = [Level.ERROR, Level.WARNING] if arguments.strict else [Level.ERROR]
    return PROBLEMS if any(problem.level in bad for problem in found.problems) else ACCEPTABLE


def _unreadable(message: str) -> int:
    sys.stderr.write(f"mantis plan check: {message}\n")
    return UNREADABLE


def _lines(name: str, found: Findings) -> list[str]:
    what = "tasks" if found.kind == "task suite" else "steps"
    count = f", {found.steps} {what}" if found.steps else ""
    called = f" '{_plain(found.name)}'" if found.name else ""
    lines = [f"{name}: {found.kind}{called}{count}"]
    for problem in found.problems:
        lines += _problem(problem)
    if found.inputs:
        lines.append(f"  needs inputs: {_plain(', '.join(found.inputs))}")
    if found.hosts:
        lines.append(f"  leads to: {_plain(', '.join(found.hosts))}")
    counts = {
        level: sum(problem.level is level for problem in found.problems)
        for level in (Level.ERROR, Level.WARNING)
    }
    told = [f"{count} {level}{'s' if count != 1 else ''}" for level, count in counts.items()]
    lines.append(f"{'acceptable' if found.acceptable else 'refused'}: {', '.join(told)}")
    return lines


def _problem(problem: Problem) -> list[str]:
    lines = [f"  {problem.place}: {problem.level}: {_plain(problem.message)}"]
    if problem.way_out:
        lines.append(f"      {_plain(problem.way_out)}")
    return lines


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
