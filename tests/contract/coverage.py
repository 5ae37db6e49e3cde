"""Which sentence of the contract is shown by which test: `python -m tests.contract.coverage`.

A test, wherever it is, quotes what it shows in its docstring, on lines that begin with `> `. The
quote must stand in `docs/contract.md`; the table in `docs/contract-coverage.md` is made from that.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "docs" / "contract.md"
TABLE = ROOT / "docs" / "contract-coverage.md"
SECTIONS = (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12)
"""The sections that this build claims whole."""

MOST = 0.85
"""A sentence counts as quoted whole from this share of its characters on."""

_HEADING = re.compile(r"## (\d+)\. (.+)")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[A-Z`\"*(])")
_RULE = re.compile(r"\|[\s:|-]+\|")


@dataclass
class Sentence:
    section: int
    text: str
    tests: list[str] = field(default_factory=list)
    quoted: set[int] = field(default_factory=set)
    """Places of the plain text's characters that some test quotes."""

    @property
    def share(self) -> float:
        """How much of the sentence is quoted, 0 to 1."""
        return min(1.0, len(self.quoted) / (len(bare(self.text)) * MOST))


@dataclass(frozen=True)
class Quote:
    test: str
    text: str


def plain(text: str) -> str:
    """The text without marks and line breaks."""
    return " ".join(re.sub(r"[`*]", "", text).split())


def bare(text: str) -> str:
    """The text's characters alone, for comparing."""
    return "".join(plain(text).split())


def sentences(markdown: str) -> tuple[dict[int, str], list[Sentence]]:
    """The titles of the sections, and the sentences and table rows of those we claim."""
    titles: dict[int, str] = {}
    found: list[Sentence] = []
    section = 0
    for block in _blocks(markdown):
        heading = _HEADING.fullmatch(block)
        if heading:
            section = int(heading[1])
            titles[section] = heading[2]
        elif section in SECTIONS:
            parts = [block] if block.startswith("|") else _SENTENCE_END.split(block)
            found += [Sentence(section, part) for part in parts if plain(part)]
    return titles, found


def _blocks(markdown: str) -> Iterator[str]:
    """Headings, table rows, list items and paragraphs, each on one line."""
    block: list[str] = []
    in_table = False
    for line in [*markdown.splitlines(), ""]:
        row = line.startswith("|")
        if block and (not line.strip() or row or line.startswith(("- ", "#", "**"))):
            yield " ".join(block)
            block = []
        if row:
            if in_table and not _RULE.fullmatch(line):
                yield line
            in_table = True
            continue
        in_table = False
        if line.startswith("#"):
            yield line
        elif line.strip():
            block.append(line.removeprefix("- ").strip())


def quotes(folder: Path) -> Iterator[Quote]:
    """What the tests of a folder quote."""
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for text in _quoted(ast.get_docstring(node) or ""):
                    yield Quote(f"{path.stem}::{node.name}", text)


def _quoted(docstring: str) -> list[str]:
    """Each run of lines that begin with `> ` is one quote."""
    found: list[list[str]] = []
    inside = False
    for line in docstring.splitlines():
        if line.startswith(">"):
            if not inside:
                found.append([])
            found[-1].append(line.removeprefix(">").strip())
        inside = line.startswith(">")
    return [" ".join(lines) for lines in found]


def match(known: list[Sentence], said: list[Quote]) -> list[Quote]:
    """Note at each sentence which tests quote it or a part of it; answers the quotes that
    are nowhere in the contract."""
    strays: list[Quote] = []
    for quote in said:
        wanted = bare(quote.text)
        hits = [one for one in known if wanted in bare(one.text) or bare(one.text) in wanted]
        for one in hits:
            start = max(0, bare(one.text).find(wanted))
            one.quoted.update(range(start, min(len(bare(one.text)), start + len(wanted))))
            if quote.test not in one.tests:
                one.tests.append(quote.test)
        if not hits:
            strays.append(quote)
    return strays


def table(titles: dict[int, str], known: list[Sentence]) -> str:
    """The table as Markdown."""
    whole = sum(one.share == 1 for one in known)
    some = sum(0 < one.share < 1 for one in known)
    lines = [
        "# Which test shows which sentence of the contract",
        "",
        "Made by `make contract-coverage` from what tests quote: those of `tests/contract/`, and "
        "those of whole runs and of steps that show what a run does with a page.",
        f"Of {len(known)} sentences and table rows of sections {', '.join(map(str, SECTIONS))}, "
        f"{whole} are quoted whole, {some} in part, {len(known) - whole - some} not at all.",
    ]
    for section in SECTIONS:
        lines += [
            "",
            f"## {section}. {titles[section]}",
            "",
            "| sentence | quoted | shown by |",
            "|---|---|---|",
        ]
        for one in known:
            if one.section == section:
                text = plain(one.text).strip("| ").replace("|", "\\|")
                by = "<br>".join(f"`{test}`" for test in one.tests) or "**nothing**"
                lines.append(f"| {text} | {one.share:.0%} | {by} |")
    return "\n".join(lines) + "\n"


def build() -> tuple[str, list[Quote], list[Sentence]]:
    """The table, the quotes that are in no sentence, the sentences without a test."""
    titles, known = sentences(CONTRACT.read_text())
    strays = match(known, list(quotes(ROOT / "tests")))
    return table(titles, known), strays, [one for one in known if not one.tests]


def main() -> int:
    """Write the table; say what is missing."""
    text, strays, missing = build()
    TABLE.write_text(text)
    for quote in strays:
        print(f"not in the contract: {quote.test}: {quote.text}")
    for one in missing:
        print(f"no test: section {one.section}: {one.text}")
    print(text.splitlines()[3])
    return 1 if strays else 0


if __name__ == "__main__":
    sys.exit(main())
