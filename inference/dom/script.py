"""The scripts that read a page, as text; `activities.browser.snapshot` runs them."""

from pathlib import Path

_HERE = Path(__file__).parent

RECORDS = (_HERE / "records.js").read_text(encoding="utf-8")
"""Declares `mantisRecords(root)`, the detector of repeated siblings."""

_LOOK = (_HERE / "snapshot.js").read_text(encoding="utf-8")
SNAPSHOT = f"() => {{\n{RECORDS}\n{_LOOK}\nreturn mantisSnapshot();\n}}"
"""A function that returns {json, nodes} for the frame it runs in."""
