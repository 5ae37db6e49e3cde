import json
from pathlib import Path

import pytest

from inference.settings import ModelSettings
from plans.price_table import BadPrices, UnknownPrice


def test_the_shipped_models_have_prices():
    ModelSettings().check_prices()


def test_a_model_without_a_price_is_named():
    with pytest.raises(UnknownPrice, match="claude-next-1"):
        ModelSettings(claude_model="claude-next-1").check_prices()


def test_the_operators_prices_count(tmp_path: Path):
    path = tmp_path / "prices.json"
    rates = {"input": 1, "output": 2, "cache_write": 1, "cache_read": 0}
    path.write_text(json.dumps({"models": {"claude-next-1": rates}}))
    settings = ModelSettings(claude_model="claude-next-1", prices_path=str(path))
    settings.check_prices()
    assert settings.prices.of("claude-next-1").output == 2


def test_a_wrong_price_file_is_told(tmp_path: Path):
    with pytest.raises(BadPrices, match="can't be read"):
        ModelSettings(prices_path=str(tmp_path / "none.json")).check_prices()
