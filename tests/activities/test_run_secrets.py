"""What becomes of a run when the keys of its secrets are gone, and of what it learns late."""

from pathlib import Path

import pytest

from activities.runs import RunActivities
from activities.settings import ActivitySettings
from ledger.errors import SecretUnreadable
from ledger.gates import Admitted
from ledger.ledger import Ledger
from ledger.models import Limits, NewRun
from ledger.vault import Keyring, new_key
from plans.step import Perception
from workflows.interfaces import RunKey

RUN = RunKey(tenant_id="acme", run_id="20260101_000000_0000abcd")
OLD, NEW = new_key(), new_key()


async def _open(folder: Path, *keys: bytes) -> Ledger:
    return await Ledger.open(f"sqlite+aiosqlite:///{folder}/ledger.db", keyring=Keyring(keys))


def _new_run() -> NewRun:
    steps = [{"intent": "Type {{secret.1}}, not late-9", "type": "type_text", "out_var": "late-9"}]
    return NewRun(
        tenant_id=RUN.tenant_id,
        run_id=RUN.run_id,
        plan={"steps": steps},
        plan_name="",
        payload={
            "inputs": {"token": "{{secret.1}}", "off": "{{secret.2}}", "x": "{{late-9}} late-9"}
        },
        signature="ab",
        state_key="ab",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1_000_000, max_time_ms=60_000, max_run_steps=100),
        created_at=1_000_000,
        secrets={"secret.1": "hunter2", "secret.2": "no"},
    )


@pytest.fixture
async def admitted(tmp_path: Path) -> Path:
    ledger = await _open(tmp_path, OLD)
    try:
        assert isinstance(await ledger.runs.admit(_new_run()), Admitted)
    finally:
        await ledger.close()
    return tmp_path


async def test_a_run_whose_keys_are_gone_is_refused_and_says_what_to_do(admitted: Path) -> None:
    ledger = await _open(admitted, NEW)
    try:
        spec = await RunActivities(ledger, ActivitySettings(data_dir=admitted)).load_run(RUN)
        with pytest.raises(SecretUnreadable):
            await ledger.secrets.read(RUN.tenant_id, RUN.run_id)
    finally:
        await ledger.close()
    assert spec.refusal is not None
    assert spec.refusal.status == "failed"
    assert "MANTIS_ENCRYPTION_KEYS" in spec.refusal.message


async def test_a_rotated_ring_runs_it_and_knows_the_truth_of_its_inputs(admitted: Path) -> None:
    ledger = await _open(admitted, NEW, OLD)
    try:
        spec = await RunActivities(ledger, ActivitySettings(data_dir=admitted)).load_run(RUN)
    finally:
        await ledger.close()
    assert spec.refusal is None and spec.plan is not None
    assert spec.state.variables == {"token": True, "off": False, "x": True}
    assert "hunter2" not in spec.model_dump_json()


async def test_what_is_learned_late_leaves_the_run_s_row(admitted: Path) -> None:
    ledger = await _open(admitted, OLD)
    try:
        await ledger.secrets.learn(RUN.tenant_id, RUN.run_id, "secret.typed.0.0.1", "late-9")
        row = await ledger.runs.get(RUN.tenant_id, RUN.run_id)
        kept = await ledger.secrets.read(RUN.tenant_id, RUN.run_id)
    finally:
        await ledger.close()
    assert row is not None and isinstance(row.plan, dict)
    assert kept["secret.typed.0.0.1"] == "late-9"
    instead = "{{secret.typed.0.0.1}}"
    assert row.payload["inputs"] == {
        "token": "{{secret.1}}",
        "off": "{{secret.2}}",
        "x": "{{late-9}} " + instead,
    }
    (step,) = row.plan["steps"]  # type: ignore[misc]
    assert step == {
        "intent": f"Type {{{{secret.1}}}}, not {instead}",
        "type": "type_text",
        "out_var": "late-9",
    }
