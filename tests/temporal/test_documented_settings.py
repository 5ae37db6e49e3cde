"""docs/operations.md names every setting of the service, and none that there isn't."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("activities", "api", "inference", "ledger", "plans", "temporal", "workflows")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def _settings() -> Iterator[type[BaseSettings]]:
    for path in sorted(found for room in ROOMS for found in (ROOT / room).rglob("settings.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for value in vars(import_module(name)).values():
            if isinstance(value, type) and value.__module__ == name:
                assert issubclass(value, BaseSettings)
                yield value


def _variables(settings: type[BaseSettings]) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        yield alias if isinstance(alias, str) else f"{prefix}{name}".upper()


VARIABLES = {name for settings in _settings() for name in _variables(settings)}


def test_the_settings_are_found():
    assert {"MANTIS_DATA_DIR", "TEMPORAL_ADDRESS", "ANTHROPIC_API_KEY"} <= VARIABLES
    assert len(VARIABLES) > 40


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_a_setting_is_documented(variable: str):
    assert f"`{variable}" in OPERATIONS


def test_no_document_names_a_setting_that_is_not_there():
    for path in [ROOT / "README.md", ROOT / "docs/operations.md", ROOT / "docs/webhooks.md"]:
        named = set(re.findall(r"\bMANTIS_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))
        assert named - {"MANTIS_ENDPOINT"} <= VARIABLES, path.name
