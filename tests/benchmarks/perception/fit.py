"""Fit the DOM tier's confidence: `python -m tests.benchmarks.perception.fit [--write]`.

Looks at the labelled pages, makes examples of their intents, fits the logistic on all of them,
and measures it with each site left out in turn. `--write` puts the coefficients into
`inference/dom/confidence.json` and the reliability curve into `docs/confidence.md`.
"""

import argparse
import asyncio
import json
import shutil
from pathlib import Path

from playwright.async_api import async_playwright

from tests.benchmarks.perception import pages
from tests.benchmarks.perception.fitting import (
    Bin,
    Example,
    Fit,
    calibration_error,
    examples,
    fit,
    left_out,
    reliability,
)

ROOT = Path(__file__).parents[3]
COEFFICIENTS = ROOT / "inference" / "dom" / "confidence.json"
DOCUMENT = ROOT / "docs" / "confidence.md"
HEAD = """# How sure the DOM tier is

Written by `python -m tests.benchmarks.perception.fit --write`. The tier's confidence is a logistic
over ten features of the best element (`inference/dom/confidence.py`); its coefficients are in
`inference/dom/confidence.json`. What the page's structure decides alone (a label given by the step,
an item counted in its list) has fixed confidences and is not part of this. What Holo3 counts as is
in [models.md](models.md#how-sure-holo3-counts-as).

The examples come from labelled pages (`--pages`, several may be given): each intent as written,
with each longer word left out, with its target taken off the page, and asked on the pages of other
sites. `--data FILE` keeps them: one JSON line an example, `{"site", "case", "kind", "right",
"features"}`, described in `tests/benchmarks/perception/fitting.py`. Changed ones count less (its
`WEIGHT`). Each site is judged by a fit that has not seen it.
"""


async def gather(folders: list[Path]) -> list[Example]:
    """Look at all pages, and make their examples."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or None, args=["--no-sandbox"]
        )
        labelled = [one for folder in folders async for one in pages.look(folder, browser)]
        await browser.close()
    return list(examples(labelled))


def report(found: list[Example], fitted: Fit, bins: list[Bin]) -> str:
    sites = len({one.site for one in found})
    lines = [
        HEAD,
        f"{len(found)} examples of {sites} sites; expected calibration error"
        f" {calibration_error(bins):.3f} (leave one site out).",
        "",
        "| confidence | examples | mean confidence | share right |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {one.low:.2f} to {one.high:.2f} | {one.count} | {one.confidence:.3f} |"
        f" {one.right:.3f} |"
        for one in bins
    ]
    lines += ["", "| feature | weight |", "|---|---|", f"| intercept | {fitted.intercept:.2f} |"]
    lines += [f"| {name} | {weight:.2f} |" for name, weight in fitted.weights.items()]
    return "\n".join(lines) + "\n"


def coefficients(found: list[Example], fitted: Fit, version: int) -> str:
    held = {
        "version": version,
        "note": "written by python -m tests.benchmarks.perception.fit --write",
        "sites": len({one.site for one in found}),
        "examples": len(found),
        "intercept": round(fitted.intercept, 4),
        "weights": {name: round(weight, 4) for name, weight in fitted.weights.items()},
    }
    return json.dumps(held, indent=1) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, action="append", help="a folder of labelled pages")
    parser.add_argument("--data", type=Path, help="keep the examples here, as JSON lines")
    parser.add_argument("--read", type=Path, help="take the examples from here, look at no page")
    parser.add_argument("--write", action="store_true", help="write coefficients and document")
    chosen = parser.parse_args()
    if chosen.read:
        lines = chosen.read.read_text(encoding="utf-8").splitlines()
        found = [Example.model_validate_json(line) for line in lines]
    else:
        folders = chosen.pages or [ROOT.parent / "shared" / "pages", ROOT / "tests" / "pages"]
        found = asyncio.run(gather([folder for folder in folders if folder.is_dir()]))
    if chosen.data:
        text = "".join(one.model_dump_json() + "\n" for one in found)
        chosen.data.write_text(text, encoding="utf-8")
    names = list(found[0].features)
    fitted = fit(found, names)
    text = report(found, fitted, reliability(left_out(found, names)))
    print(text)
    if chosen.write:
        version = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))["version"] + 1
        COEFFICIENTS.write_text(coefficients(found, fitted, version), encoding="utf-8")
        DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
