"""Perception without a model: grounding, extraction and gates on labelled pages, MiniWoB++.

`python tests/benchmarks/perception/run.py [--pages DIR] [--seeds N] [--only pages|wob] [--write]`
"""

import argparse
import asyncio
import shutil
import sys
from collections import Counter
from pathlib import Path
from statistics import median

from playwright.async_api import async_playwright

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT)]

from tests.benchmarks.perception import extraction, pages, wob  # noqa: E402

DOCUMENT = ROOT / "docs" / "benchmarks-perception.md"
HEAD = """# Perception without a model

Written by `make bench-perception` (`python tests/benchmarks/perception/run.py --write`); the DOM
tier alone, no model, no network. Right on an absent target means that the tier handed on.
"""


def row(name: str, counts: Counter[str], good: str) -> str:
    total = sum(counts.values()) or 1
    wrong = counts["wrong"]
    return (
        f"| {name} | {counts[good]} | {wrong} | {counts['dont_know']} |"
        f" {100 * counts[good] / total:.1f} % | {100 * wrong / total:.1f} % |"
    )


def added(tables: dict[str, Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counts in tables.values():
        total.update(counts)
    return total


def page_table(report: pages.Report) -> list[str]:
    lines = [
        "",
        "## Labelled pages: grounding",
        "",
        "| page | right | wrong | don't know | right | wrong |",
    ]
    lines.append("|---|---|---|---|---|---|")
    lines += [row(name, counts, "right") for name, counts in report.pages.items()]
    lines.append(row("**all**", added(report.pages), "right"))
    lines += [
        "",
        f"Acts on absent targets: {report.absent_acts} of {report.absent}."
        f" Looking: median {median(report.look_ms):.0f} ms; grounding: median"
        f" {median(report.ground_ms):.1f} ms, longest {max(report.ground_ms):.0f} ms.",
    ]
    return lines


def wob_table(report: wob.Report, seeds: int) -> list[str]:
    lines = ["", f"## MiniWoB++, {len(report.tasks)} tasks × {seeds} seeds", ""]
    lines += [
        "| task | success | wrong | don't know | success | wrong |",
        "|---|---|---|---|---|---|",
    ]
    lines += [row(name, counts, "success") for name, counts in report.tasks.items()]
    lines.append(row("**all**", added(report.tasks), "success"))
    return lines


def tasks_of(pages_dir: Path, only: str | None) -> list[str]:
    listing = pages_dir / "miniwob-tasks.txt"
    names = listing.read_text(encoding="utf-8").split() if listing.exists() else []
    return [name for name in names if not only or only in name]


async def main(options: argparse.Namespace) -> list[str]:
    lines = [HEAD.rstrip()]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or None, args=["--no-sandbox"]
        )
        if options.only in (None, "pages"):
            if options.pages.is_dir():
                report = await pages.run(options.pages, browser)
                lines += page_table(report)
                if options.notes:
                    print("\n".join(report.notes))
                if options.only is None:
                    found = await extraction.run(options.pages, browser)
                    lines += ["", "## Labelled pages: extraction and gates", "", *found.lines()]
            else:
                print(f"skipped: no labelled pages at {options.pages}")
        if options.only in (None, "wob"):
            folder = wob.task_folder()
            tasks = tasks_of(options.pages, options.task)
            if folder is None or not tasks:
                print("skipped: MiniWoB++ is not installed, or its list of tasks is not there")
            else:
                played = await wob.run(tasks, options.seeds, browser, folder)
                lines += wob_table(played, options.seeds)
                if options.notes:
                    print("\n".join(played.notes))
        await browser.close()
    return lines


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, default=ROOT.parent / "shared" / "pages")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", choices=("pages", "wob"))
    parser.add_argument("--task", help="only the MiniWoB++ tasks with this in their name")
    parser.add_argument("--notes", action="store_true", help="list what was not right")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks-perception.md")
    return parser.parse_args()


if __name__ == "__main__":
    chosen = options()
    text = "\n".join(asyncio.run(main(chosen))) + "\n"
    print(text)
    if chosen.write:
        DOCUMENT.write_text(text, encoding="utf-8")
