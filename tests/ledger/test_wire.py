import time

import pytest

from ledger.text import clean_text, short_key
from ledger.wire import iso_ms, iso_us, masked, masked_values, read_iso

AT = 1_767_323_045_006_007


def test_times_have_a_fixed_width():
    assert iso_ms(AT) == "2026-01-02T03:04:05.006Z"
    assert iso_us(AT) == "2026-01-02T03:04:05.006007Z"
    assert iso_us(AT - 6_007) == "2026-01-02T03:04:05.000000Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05.006007Z",
        "2026-01-02T03:04:05.006007",
        "2026-01-02 03:04:05.006007",
        "2026-01-02T03:04:05.006007+00:00",
        "2026-01-02T03:04:05.006007 00:00",
        "2026-01-02T04:04:05.006007 01:00",
        "2026-01-02T04:04:05.006007+01:00",
        " 20260102T030405.006007Z ",
    ],
)
def test_any_iso_time_is_read(text: str):
    assert read_iso(text) == AT


def test_a_time_of_day_is_not_taken_for_a_zone():
    assert read_iso("2026-01-02 03:04") == AT - 5_006_007


@pytest.mark.parametrize("text", ["", "yesterday", "1767323045", "0001-01-01T00:00:00+23:59x"])
def test_an_unreadable_time_is_none(text: str):
    assert read_iso(text) is None


def test_times_at_the_edges_of_the_calendar_do_no_harm():
    assert read_iso("9999-12-31T23:59:59-23:59") is not None
    assert (read_iso("0001-01-01T00:00:00+23:59") or 0) < 0


def test_secrets_are_masked_by_name():
    document = {
        "auth": {"user_id": "u", "password": "p"},
        "inputs": {"Password": "p", "city": "Miami", "nested": [{"api_key": 1}]},
        "token": None,
    }
    assert masked(document) == {
        "auth": {"user_id": "***", "password": "***"},
        "inputs": {"Password": "***", "city": "Miami", "nested": [{"api_key": "***"}]},
        "token": None,
    }


def test_keys_are_cut_but_stay_apart():
    assert short_key("short") == "short"
    long = "x" * 500
    assert len(short_key(long)) == 400
    assert short_key(long) != short_key(long + "x")
    assert short_key(short_key(long)) == short_key(long)
    assert clean_text("pair \U0001f600 kept, half \ud83d cut") == "pair \U0001f600 kept, half � cut"


def test_names_that_look_alike_once_masked_stay_apart():
    plain = "http://***:***@h/"
    names = ["http://a:b@h/", f"{plain} (3)", "http://c:d@h/", f"{plain} (2)", "http://e:f@h/"]
    shown = masked({name: number for number, name in enumerate(names)})
    assert isinstance(shown, dict)
    assert sorted(map(str, shown.values())) == ["0", "1", "2", "3", "4"]
    assert all(name.startswith(plain) for name in shown)


def test_very_many_names_that_look_alike_take_no_time():
    alike = [f"http://u{number}:p@h/" for number in range(10_000)]
    taken = [f"http://***:***@h/ ({number})" for number in range(2, 20_000)]
    began = time.process_time()
    assert len(masked_values(dict.fromkeys([*taken, *alike]))) == len(alike) + len(taken)
    assert time.process_time() - began < 5
