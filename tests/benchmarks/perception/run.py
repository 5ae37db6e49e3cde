"""Perception without a model: grounding, extraction and gates on labelled pages, MiniWoB++.

`python tests/benchmarks/perception/run.py [--pages DIR] [--only PART] [--write]`; without
`--pages` on the labelled pages beside the repository, where they are, and on its own.
"""

import argparse
import asyncio
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from statistics import median

from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT)]

from tests.benchmarks.perception import cost, extraction, mutations, pages, wob  # noqa: E402

SHARED = ROOT.parent / "shared" / "pages"
OWN = ROOT / "tests" / "pages"
PLAN_LIKE = Path(__file__).with_name("plan_like_tasks.txt")
DOCUMENT = ROOT / "docs" / "benchmarks-perception.md"
HEAD = """# Perception without a model

Written by `make bench-perception` (`python tests/benchmarks/perception/run.py --write`); the DOM
tier alone, no model, no network. Right on an absent target means that the tier handed on.
"""


WOB_NOTE = """\
The instruction alone (never the page) becomes plan steps by general rules of English; icons in it
are named by their class. The steps are played as required steps of a run are. Success: the game's
reward is above 0. Don't know: a step handed on, its act was not possible, or the game's time was
over; everything else is wrong, also a plan that came to its end and left the game unfinished."""


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


def page_table(title: str, report: pages.Report) -> list[str]:
    lines = [
        "",
        f"## {title}: grounding",
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


def wob_table(report: wob.Report, seeds: range) -> list[str]:
    spent = sorted(one for task in report.ground_ms.values() for one in task)
    lines = [
        "",
        f"## MiniWoB++, {len(report.tasks)} tasks × {len(seeds)} seeds from {seeds[0]}",
        "",
    ]
    lines += [
        WOB_NOTE,
        "",
        f"Grounding: median {median(spent):.1f} ms, longest {spent[-1]:.0f} ms"
        f" ({len(spent)} groundings).",
        "",
        "| task | success | wrong | don't know | success | wrong | ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, counts in report.tasks.items():
        task_ms = report.ground_ms[name]
        lines.append(
            row(name, counts, "success") + (f" {median(task_ms):.1f} |" if task_ms else " |")
        )
    lines.append(row("**all**", added(report.tasks), "success") + f" {median(spent):.1f} |")
    return lines


async def play_wob(options: argparse.Namespace, browser: Browser) -> list[str]:
    """The tables of MiniWoB++: the plan-like tasks, then all there are."""
    folder = wob.task_folder()
    if folder is None:
        print("skipped: MiniWoB++ is not installed")
        return []
    every = sorted(path.stem for path in folder.glob("*.html"))
    listed = PLAN_LIKE.read_text(encoding="utf-8").split()
    lines: list[str] = []
    for tasks, seeds in ((listed, options.seeds), (every, options.seeds_of_all)):
        names = [name for name in tasks if options.task is None or name in options.task]
        if not names or not seeds:
            continue
        seeds_played = range(options.seed_from, options.seed_from + seeds)
        played = await wob.run(names, seeds_played, browser, folder)
        lines += wob_table(played, seeds_played)
        if options.notes:
            print("\n".join(sorted(played.notes)))
    return lines


def page_sets(given: Path | None) -> dict[str, Path]:
    """The folders of labelled pages by the title of their sections."""
    wanted = {"Labelled pages": SHARED, "Our own labelled pages": OWN}
    if given is not None:
        wanted = {"Labelled pages": given}
    for folder in wanted.values():
        if not folder.is_dir():
            print(f"skipped: no labelled pages at {folder}")
    return {title: folder for title, folder in wanted.items() if folder.is_dir()}


async def measure_pages(
    title: str, folder: Path, options: argparse.Namespace, browser: Browser
) -> list[str]:
    """Grounding, extraction and gates, and memory on changed pages, as far as asked for."""
    lines: list[str] = []
    if options.only in (None, "pages"):
        report = await pages.run(folder, browser)
        lines += page_table(title, report)
        if options.notes:
            print("\n".join(report.notes))
    if options.only in (None, "extraction"):
        found = await extraction.run(folder, browser)
        lines += ["", f"## {title}: extraction and gates", "", *found.lines()]
        if options.notes:
            for name, tally in found.pages.items():
                print("\n".join(f"{name} {note}" for note in tally.notes))
    if options.only == "mutations" or (options.only is None and folder != OWN):
        changed = await mutations.run(folder, browser)
        lines += ["", f"## {title}: memory on changed pages", "", *changed.lines()]
        if options.notes:
            print("\n".join(changed.notes))
    return lines


async def main(options: argparse.Namespace) -> list[str]:
    lines = [HEAD.rstrip()]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or None, args=["--no-sandbox"]
        )
        if options.only not in ("wob", "cost"):
            for title, folder in page_sets(options.pages).items():
                lines += await measure_pages(title, folder, options, browser)
        if options.only in (None, "wob"):
            lines += await play_wob(options, browser)
        if options.only in (None, "cost"):
            costs = await cost.run(browser)
            lines += ["", "## What looking costs", "", *costs.lines()]
        await browser.close()
    return lines


def merged(document: str, measured: str) -> str:
    """The document with the sections that were measured now in the place of older ones.

    Sections of one kind begin with the same words: "MiniWoB++", "Labelled pages: grounding".
    """
    old, new = sections(document), sections(measured)
    kinds = {kind_of(one) for one in new[1:]}
    kept = [one for one in old[1:] if kind_of(one) not in kinds]
    at = next((i for i, one in enumerate(old[1:]) if kind_of(one) in kinds), len(kept))
    at = sum(kind_of(one) not in kinds for one in old[1 : at + 1])
    return "\n".join(new[:1] + kept[:at] + new[1:] + kept[at:])


def sections(document: str) -> list[str]:
    """What stands before the first second-level heading, then each section with its heading."""
    return re.split(r"\n(?=## )", document)


def kind_of(section: str) -> str:
    return re.split(r",|\n", section, maxsplit=1)[0]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="folder of labelled pages")
    parser.add_argument("--seeds", type=int, default=20, help="of each plan-like task")
    parser.add_argument("--seeds-of-all", type=int, default=5, help="of each task there is")
    parser.add_argument("--seed-from", type=int, default=1000, help="develop below 1000")
    parser.add_argument("--only", choices=("pages", "extraction", "mutations", "wob", "cost"))
    parser.add_argument("--task", action="append", help="only this MiniWoB++ task; repeatable")
    parser.add_argument("--notes", action="store_true", help="list what was not right")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write what was measured into docs/benchmarks-perception.md",
    )
    return parser.parse_args()


if __name__ == "__main__":
    chosen = options()
    text = "\n".join(asyncio.run(main(chosen))) + "\n"
    print(text)
    if chosen.write:
        before = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
        DOCUMENT.write_text(merged(before, text) if before else text, encoding="utf-8")
