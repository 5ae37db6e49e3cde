"""`mantis webhooks`, on a ledger that other processes may have open."""

import argparse
import asyncio
from pathlib import Path

import pytest

from ledger.ledger import Ledger
from ledger.models import Delivery, Ending, Errand, Limits, NewRun, RunStatus
from plans.step import Perception
from temporal.webhooks_command import webhooks

SECRET_URL = "https://user:pa55@hooks.example.com:8443/in/t0ken?key=k3y"


def command(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    webhooks(parser)
    arguments = parser.parse_args(["--data-dir", str(folder), *words])
    return int(arguments.handler(arguments))


def url_of(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/ledger.db"


async def _ended(ledger: Ledger, tenant: str, number: int, *, state: str) -> Delivery:
    run_id = f"20260101_000000_{number:08x}"
    await ledger.runs.admit(
        NewRun(
            tenant_id=tenant,
            run_id=run_id,
            plan=[],
            plan_name="",
            payload={},
            signature="s",
            state_key="k",
            profile_id=None,
            perception=Perception.AUTO,
            limits=Limits(max_cost_micro=1, max_time_ms=1, max_run_steps=1),
            created_at=1_000_000,
            callback_url=SECRET_URL,
        )
    )
    await ledger.runs.finish(tenant, run_id, Ending(status=RunStatus.SUCCEEDED), 2_000_000)
    delivery = await ledger.deliveries.of_run(tenant, run_id)
    assert delivery is not None
    name = (tenant, delivery.delivery_id)
    if state == "given_up":
        return await ledger.deliveries.record_try(*name, 4, 500, "answered [red]500", "given_up")
    if state == "delivered":
        return await ledger.deliveries.record_try(*name, 1, 200, "", "delivered")
    return delivery


async def _fill(folder: Path) -> dict[str, Delivery]:
    ledger = await Ledger.open(url_of(folder))
    try:
        made = {
            "mine": await _ended(ledger, "acme", 1, state="given_up"),
            "theirs": await _ended(ledger, "other", 2, state="given_up"),
            "done": await _ended(ledger, "acme", 3, state="delivered"),
        }
        for errand in await ledger.outbox.pending(99, 10**16):
            await ledger.outbox.done(errand.id)
    finally:
        await ledger.close()
    return made


async def _errands(folder: Path) -> tuple[Errand, ...]:
    ledger = await Ledger.open(url_of(folder))
    try:
        return await ledger.outbox.pending(99, 10**17)
    finally:
        await ledger.close()


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Delivery]:
    return asyncio.run(_fill(tmp_path))


def test_given_up_ones_are_listed(
    tmp_path: Path, made: dict[str, Delivery], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path) == 0
    shown = capsys.readouterr().out
    assert made["mine"].delivery_id in shown and made["theirs"].delivery_id in shown
    assert made["done"].delivery_id not in shown
    assert "https://hooks.example.com:8443" in shown and "answered [red]500" in shown
    for secret in ("pa55", "t0ken", "k3y"):
        assert secret not in shown
    assert command(tmp_path, "--tenant", "acme") == 0
    shown = capsys.readouterr().out
    assert made["mine"].delivery_id in shown and made["theirs"].delivery_id not in shown
    assert command(tmp_path, "--all") == 0
    assert made["done"].delivery_id in capsys.readouterr().out


def test_one_is_sent_again_by_its_id(
    tmp_path: Path, made: dict[str, Delivery], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, "resend", made["mine"].delivery_id) == 0
    assert "1 to be sent again" in capsys.readouterr().out
    (errand,) = asyncio.run(_errands(tmp_path))
    assert (errand.kind, errand.tenant_id) == ("webhook", "acme")
    assert errand.reason == made["mine"].delivery_id
    assert command(tmp_path, "--tenant", "acme") == 0
    assert "no webhook was given up" in capsys.readouterr().out


def test_all_given_up_ones_of_a_tenant_or_of_everybody_are_sent_again(
    tmp_path: Path, made: dict[str, Delivery], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, "resend", "--all-given-up", "--tenant", "other") == 0
    assert command(tmp_path, "resend", "--all-given-up") == 0
    assert capsys.readouterr().out.count("1 to be sent again") == 2
    errands = asyncio.run(_errands(tmp_path))
    assert {errand.reason for errand in errands} == {
        made["mine"].delivery_id,
        made["theirs"].delivery_id,
    }


def test_unknown_ones_are_an_error_and_nothing_is_sent(
    tmp_path: Path, made: dict[str, Delivery], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, "resend", made["mine"].delivery_id, "nobody") == 1
    assert "unknown delivery nobody" in capsys.readouterr().err
    assert command(tmp_path, "--tenant", "other", "resend", made["mine"].delivery_id) == 1
    assert asyncio.run(_errands(tmp_path)) == ()


@pytest.mark.parametrize("words", [("resend",), ("resend", "x", "--all-given-up")])
def test_what_to_send_again_must_be_said(
    tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, *words) == 2
    assert "--all-given-up" in capsys.readouterr().err


def test_without_a_ledger_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path / "nowhere") == 1
    assert "there is no ledger" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()
