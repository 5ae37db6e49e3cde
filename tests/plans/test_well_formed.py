import json

import pytest

from plans.well_formed import well_formed, well_formed_json

BOAT = "\N{SAILBOAT}\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        (BOAT, BOAT),
        ("a\ud83d", "a\ufffd"),
        ("\ude00b", "\ufffdb"),
        (f"{BOAT}\ude00\ud83d", f"{BOAT}\ufffd\ufffd"),
    ],
)
def test_lone_halves_are_replaced(text: str, expected: str) -> None:
    assert well_formed(text) == expected
    assert well_formed(text).encode()


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (r'["a\ud83d"]', "a\ufffd"),
        (r'["\uDE00b"]', "\ufffdb"),
        (r'["\ud83d\ude00"]', "\N{GRINNING FACE}"),
        (r'["\ud83d\ud83d\ude00"]', "\ufffd\N{GRINNING FACE}"),
        (r'["\\ud83d"]', r"\ud83d"),
        (r'["\\\ud83d\n"]', "\\\ufffd\n"),
        ('["a\ud83d"]', "a\ufffd"),
        ('["\N{GRINNING FACE}"]', "\N{GRINNING FACE}"),
    ],
)
def test_halves_that_json_escapes_are_replaced(document: str, expected: str) -> None:
    assert json.loads(well_formed_json(document)) == [expected]
