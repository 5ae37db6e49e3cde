import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.calls import Money
from plans.price_table import SHIPPED_PRICES, BadPrices, UnknownPrice, read_prices
from plans.prices import Usage, cost_of, proxy_cost
from plans.step import TierName
from tests.fakes.claude_counting import Counted

RATES = {"input": 3, "output": 15, "cache_write": 4, "cache_read": 0.5}
TOKENS = st.one_of(st.integers(0, 1_000), st.integers(0, 60_000), st.integers(0, 10_000_000))


def claude(model: str = "claude-sonnet-5-5", **used: int) -> Usage:
    return Usage(tier=TierName.CLAUDE, model=model, **used)


def write(folder: Path, document: object) -> str:
    path = folder / "prices.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


@pytest.mark.parametrize(
    ("model", "used", "micro"),
    [
        ("claude-sonnet-5-5", {"input_tokens": 1_000_000}, 2_000_000),
        ("claude-sonnet-5-5", {"output_tokens": 1_000_000}, 10_000_000),
        ("claude-sonnet-5-5", {"cache_write_tokens": 1_000_000}, 2_500_000),
        ("claude-sonnet-5-5", {"cache_read_tokens": 1_000_000}, 100_000),
        ("claude-opus-5-5", {"cache_read_tokens": 1_000_000}, 200_000),
        ("claude-haiku-5-5", {"input_tokens": 100_000, "output_tokens": 100}, 10_050),
        ("claude-haiku-5-5", {"input_tokens": 100_001, "output_tokens": 100}, 50_251),
        ("claude-haiku-5-5", {"cache_read_tokens": 60_000, "cache_write_tokens": 40_001}, 28_001),
        ("claude-sonnet-5-5", {"input_tokens": 500_000}, 1_000_000),
        ("claude-opus-5-5", {"input_tokens": 1_000, "output_tokens": 100}, 6_000),
        ("claude-haiku-5-5", {"input_tokens": 10_000, "output_tokens": 1_000_000}, 501_000),
        ("claude-haiku-5-5", {"input_tokens": 10}, 1),
        ("claude-haiku-5-5", {"input_tokens": 11}, 2),
        ("claude-haiku-5-5", {"cache_read_tokens": 1}, 1),
        ("claude-haiku-5-5", {}, 0),
    ],
)
def test_what_claude_costs(model: str, used: dict[str, int], micro: int):
    assert cost_of(claude(model, **used), 0.0) == Money(claude=micro)


def test_a_call_is_rounded_up_once_and_not_by_its_parts():
    used = claude("claude-haiku-5-5", input_tokens=1, output_tokens=1, cache_read_tokens=10)
    assert cost_of(used, 0.0) == Money(claude=1)


@given(st.sampled_from(["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"]), *[TOKENS] * 4)
def test_costs_are_exact_and_the_fakes_bill(
    model: str, fresh: int, told: int, written: int, read: int
):
    used = claude(
        model,
        input_tokens=fresh,
        output_tokens=told,
        cache_write_tokens=written,
        cache_read_tokens=read,
    )
    counted = Counted(input=fresh, written_5m=written, written_1h=0, read=read, output=told)
    assert cost_of(used, 0.0) == Money(claude=counted.cost(model))


def test_holo3_is_paid_by_the_gpus_time():
    used = Usage(tier=TierName.HOLO3, model="holo3", input_tokens=5_000, gpu_ms=800)
    assert cost_of(used, 2.5) == Money(gpu=556)
    assert cost_of(used.model_copy(update={"gpu_ms": 3_600_000}), 2.5) == Money(gpu=2_500_000)
    assert cost_of(used.model_copy(update={"gpu_ms": 36}), 0.1) == Money(gpu=1)
    assert cost_of(used, 0.0) == Money()


@pytest.mark.parametrize("tier", [TierName.MEMORY, TierName.DOM])
def test_the_free_tiers_are_free(tier: TierName):
    assert cost_of(Usage(tier=tier, model=""), 2.5) == Money()


def test_bytes_of_a_proxy_have_their_price():
    assert proxy_cost(1_000_000_000, 8.0) == Money(proxy=8_000_000)
    assert proxy_cost(1, 8.0) == Money(proxy=1)
    assert proxy_cost(0, 8.0) == Money()


@pytest.mark.parametrize("model", ["claude-sonnet-5-5-20260901", "claude-sonnet-5-5@20260901"])
def test_a_dated_id_costs_as_its_model(model: str):
    assert SHIPPED_PRICES.of(model) == SHIPPED_PRICES.of("claude-sonnet-5-5")


def test_the_longest_id_that_fits_decides(tmp_path: Path):
    prices = read_prices(
        write(
            tmp_path,
            {
                "models": {
                    "claude-sonnet": RATES | {"input": 1},
                    "claude-sonnet-5-5-fast": RATES | {"input": 7},
                }
            },
        )
    )
    assert prices.of("claude-sonnet-4").input == 1
    assert prices.of("claude-sonnet-5-5").input == 2
    assert prices.of("claude-sonnet-5-5-fast-20260901").input == 7


@pytest.mark.parametrize("model", ["", "gpt", "claude-sonnet-5-55", "claude-sonnet-5"])
def test_an_unknown_model_has_no_price(model: str):
    with pytest.raises(UnknownPrice, match="MANTIS_PRICES_PATH"):
        cost_of(claude(model, input_tokens=1), 0.0)


def test_all_models_without_a_price_are_named_before_any_is_asked():
    SHIPPED_PRICES.check(["claude-opus-5-5", "claude-haiku-5-5"])
    with pytest.raises(UnknownPrice, match="of a, b: name"):
        SHIPPED_PRICES.check(["b", "claude-opus-5-5", "a", "b"])


def test_the_operators_file_beats_the_shipped_one(tmp_path: Path):
    path = write(
        tmp_path,
        {
            "dated": "2027-01-01",
            "models": {"claude-sonnet-5-5": RATES},
        },
    )
    prices = read_prices(path)
    used = claude(input_tokens=10, output_tokens=10, cache_read_tokens=10, cache_write_tokens=10)
    assert cost_of(used, 0.0, prices) == Money(claude=30 + 150 + 40 + 5)
    assert prices.of("claude-opus-5-5").input == 4
    assert prices.dated == "2027-01-01"


def test_the_price_file_of_the_documentation_is_one(tmp_path: Path):
    page = (Path(__file__).parents[2] / "docs" / "billing.md").read_text(encoding="utf-8")
    document = page.partition("```json\n")[2].partition("```")[0]
    prices = read_prices(write(tmp_path, document))
    assert prices.of("claude-next-1").cache_write == Fraction("3.75")
    assert prices.dated == "2027-01-15"


def test_the_shipped_prices_are_dated():
    assert SHIPPED_PRICES.dated == "2026-11-28"
    assert read_prices("") is SHIPPED_PRICES


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "no JSON"),
        ("[]", "the file"),
        ({"models": {"m": RATES | {"input": "2"}}}, "models.m.input"),
        ({"models": {"m": RATES | {"input": True}}}, "models.m.input"),
        ({"models": {"m": RATES | {"input": -1}}}, "models.m.input"),
        ('{"models": {"m": {"input": NaN, "output": 1}}}', "no JSON"),
        ('{"models": {"m": {"input": 1e9, "output": 1}}}', "models.m.input"),
        ({"models": {"m": {"input": 1}}}, "models.m.output"),
        ({"models": {"m": RATES | {"per": 3}}}, "models.m.per"),
        ({"models": {"m": RATES | {"long_prompt": RATES}}}, "models.m.long_prompt.above_tokens"),
        ({"models": {"m": RATES | {"long_prompt": {"above_tokens": "9"}}}}, "long_prompt"),
        ({"models": {}, "unit": "EUR"}, "unit"),
        ({}, "models"),
    ],
)
def test_a_wrong_price_file_says_where(tmp_path: Path, document: object, said: str):
    with pytest.raises(BadPrices, match=said):
        read_prices(write(tmp_path, document))


def test_a_price_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(BadPrices, match="can't be read: No such file"):
        read_prices(str(tmp_path / "none.json"))
