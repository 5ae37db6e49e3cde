from datetime import date

import pytest

from inference.dom.compound.months import day_in, month_in
from inference.dom.compound.paths import path_of


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("Select 10/11/2016 as the date", "", date(2016, 10, 11)),
        ("04/08/2026", "en-US", date(2026, 4, 8)),
        ("04/08/2026", "en-GB", date(2026, 8, 4)),
        ("24/12/2026", "", date(2026, 12, 24)),
        ("2026-12-01", "de", date(2026, 12, 1)),
        ("am 3. 5. 2026", "de", date(2026, 5, 3)),
        ("Tuesday, December 1, 2026", "", date(2026, 12, 1)),
        ("Choose 1st of March 2027", "", date(2027, 3, 1)),
        ("Montag, 24. Mai 2027", "de", date(2027, 5, 24)),
        ("version 10.2", "", None),
        ("13/13/2026", "", None),
        ("Room 12", "", None),
    ],
)
def test_days_as_people_write_them(text: str, language: str, day: date | None) -> None:
    assert day_in(text, language) == day


def test_headings_of_calendars() -> None:
    assert month_in("December 2026") == (2026, 12)
    assert month_in("« März 2027 »") == (2027, 3)
    assert month_in("12/2026") == (2026, 12)
    assert month_in("Bookings in 2026") is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('Select "File > Export > PDF"', ("File", "Export", "PDF")),
        ("Select Xaviera>Laurie>Melinde", ("Xaviera", "Laurie", "Melinde")),
        ("Choose Tools → Options from the menu", ("Tools", "Options")),
        ("Click the link", ()),
        ("Click >", ()),
    ],
)
def test_paths_through_menus(text: str, parts: tuple[str, ...]) -> None:
    assert path_of(text) == parts
