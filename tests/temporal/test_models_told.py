"""The line that says which models are configured, with no secret in it."""

import json
from pathlib import Path

from pydantic import SecretStr

from inference.settings import ModelSettings
from temporal.models_told import models_told


def test_nothing_is_configured() -> None:
    told = models_told(ModelSettings(anthropic_api_key=SecretStr(""), holo3_url=""), "")
    assert told.startswith("none")


def test_the_pool_and_the_tenants_with_keys_are_named(tmp_path: Path) -> None:
    settings = ModelSettings(
        holo3_url="http://user:hunter2@gpu:30000/v1",
        holo3_capacity=6,
        anthropic_api_key=SecretStr("sk-secret"),
    )
    told = models_told(settings, "")
    assert told == (
        "holo3 at http://gpu:30000/v1, 6 questions at once; claude for the tenant default"
    )
    entries = {
        f"token-{number}": {"tenant_id": f"t{number}", "anthropic_secret_name": f"k{number}"}
        for number in range(8)
    }
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"tenant_keys": entries}))
    for number in range(7):
        (tmp_path / f"k{number}").write_text("sk-secret")
    named = models_told(settings.model_copy(update={"secrets_dir": str(tmp_path)}), str(path))
    assert named.endswith("claude for the tenants t0, t1, t2, t3, t4 and 2 more")
    assert "sk-secret" not in named
    assert "token" not in named
