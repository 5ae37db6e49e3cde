import hashlib
import hmac
import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from activities.delivery.errors import SecretMissing
from activities.delivery.settings import DeliverySettings
from activities.delivery.signing import read_secret, sign, write_letter
from ledger.models import RunRow, RunStatus
from plans.step import Perception

NOW = 1_780_000_000_123_456


def over(**fields: object) -> RunRow:
    return RunRow.model_validate(
        {
            "tenant_id": "acme",
            "run_id": "20260101_000000_abcdef12",
            "status": RunStatus.SUCCEEDED,
            "phase": "complete",
            "plan": {"steps": []},
            "plan_name": "",
            "payload": {},
            "signature": "s",
            "state_key": "k",
            "profile_id": None,
            "perception": Perception.AUTO,
            "limits": {"max_cost_micro": 1, "max_time_ms": 1, "max_run_steps": 1},
            "created_at": 1,
            "updated_at": 1,
            "started_at": None,
            "finished_at": 1,
            "last_event_at": 1,
            "halt_class": None,
            "message": "",
            "summary": {"viable": 3, "cost_total": 0.01, "note": "Zürich"},
            "video": None,
            "cancel_requested": False,
            "cancel_reason": None,
        }
        | fields
    )


def settings(folder: Path | None = None, default: str = "") -> DeliverySettings:
    return DeliverySettings(
        secrets_dir=str(folder or ""), webhook_secret_default=SecretStr(default)
    )


def test_the_body_names_the_run_and_how_it_ended() -> None:
    letter = write_letter(over(), "d1", b"", NOW)
    assert json.loads(letter.body) == {
        "run_id": "20260101_000000_abcdef12",
        "tenant_id": "acme",
        "status": "succeeded",
        "summary": {"viable": 3, "cost_total": 0.01, "note": "Zürich"},
        "delivered_at": "2026-05-28T20:26:40.123Z",
    }
    headers = dict(letter.headers)
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Mantis-Delivery"] == "d1"
    assert headers["X-Mantis-Timestamp"] == "1780000000"
    assert "X-Mantis-Signature" not in headers


def test_the_signature_is_over_the_raw_body() -> None:
    letter = write_letter(over(), "d1", b"s3cret", NOW)
    mac = hmac.new(b"s3cret", letter.body, hashlib.sha256).hexdigest()
    assert dict(letter.headers)["X-Mantis-Signature"] == f"sha256={mac}"
    assert sign(b"", b"key").startswith("sha256=") and len(sign(b"", b"key")) == 7 + 64


def test_each_try_is_signed_anew() -> None:
    first = write_letter(over(), "d1", b"s3cret", NOW)
    second = write_letter(over(), "d1", b"s3cret", NOW + 5_000_000)
    assert first.body != second.body
    signatures = [dict(one.headers)["X-Mantis-Signature"] for one in (first, second)]
    assert signatures[0] != signatures[1]
    assert dict(first.headers)["X-Mantis-Delivery"] == dict(second.headers)["X-Mantis-Delivery"]


def test_a_named_secret_is_a_file_and_is_read_anew(tmp_path: Path) -> None:
    kept = tmp_path / "acme_hook"
    kept.write_text("one\n")
    assert read_secret("acme_hook", settings(tmp_path, "default")) == b"one"
    kept.write_text("two")
    assert read_secret("acme_hook", settings(tmp_path, "default")) == b"two"


def test_without_a_name_the_default_signs_or_nothing(tmp_path: Path) -> None:
    assert read_secret("", settings(tmp_path, "default")) == b"default"
    assert read_secret("", settings(tmp_path)) == b""


@pytest.mark.parametrize("name", ["gone", "", "..", ".", "../outside", "/etc/passwd", "a/b", "\0"])
def test_a_named_secret_that_is_missing_is_never_replaced(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (tmp_path / "outside").write_text("outside")
    (folder / "empty").write_text(" \n")
    with pytest.raises(SecretMissing, match="MANTIS_SECRETS_DIR") as caught:
        read_secret(name or "empty", settings(folder, "default"))
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(SecretMissing):
        read_secret(name or "empty", settings(None, "default"))


def test_the_default_secret_is_in_no_representation() -> None:
    assert "default-secret" not in repr(settings(None, "default-secret"))
