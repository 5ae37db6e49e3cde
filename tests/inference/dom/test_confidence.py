import pytest

from inference.dom.confidence import COEFFICIENTS, Features, confidence
from tests.benchmarks.perception.fitting import (
    AGAINST,
    Example,
    calibration_error,
    fit,
    left_out,
    reliability,
)

SURE = Features(
    coverage=1.0, own=1.0, precision=1.0, margin=1.0, missing_strong=False, foreign=False,
    missing_head=False, missing_names=0.0, worst=1.0, exact=True,
)  # fmt: skip


def test_the_shipped_coefficients_know_all_features_and_their_signs() -> None:
    assert set(COEFFICIENTS.weights) == set(SURE.values())
    assert COEFFICIENTS.sites >= 12
    for name, weight in COEFFICIENTS.weights.items():
        assert weight <= 0 if name in AGAINST else weight >= 0
    assert confidence(SURE) > 0.95


@pytest.mark.parametrize("name", ["missing_strong", "foreign"])
def test_what_speaks_against_a_target_makes_less_sure(name: str) -> None:
    values = {field: getattr(SURE, field) for field in Features.__slots__}
    assert confidence(Features(**{**values, name: True})) < confidence(SURE)


def examples() -> list[Example]:
    """Right exactly where coverage is high, on three sites."""
    return [
        Example(
            site=f"s{at % 3}", case=str(at), kind="as_written", right=at % 10 >= 5,
            features={"coverage": (at % 10) / 10, "foreign": 0.0},
        )
        for at in range(120)
    ]  # fmt: skip


def test_the_fit_tells_right_from_wrong_on_sites_it_has_not_seen() -> None:
    found = examples()
    fitted = fit(found, ["coverage", "foreign"])
    assert fitted.chance({"coverage": 0.9, "foreign": 0.0}) > 0.9
    assert fitted.chance({"coverage": 0.1, "foreign": 0.0}) < 0.1
    bins = reliability(left_out(found, ["coverage", "foreign"]))
    assert sum(one.count for one in bins) == len(found)
    assert calibration_error(bins) < 0.15
