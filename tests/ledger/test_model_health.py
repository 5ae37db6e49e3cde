"""How the models' servers were at the last look: one row a tier, the newest stays."""

from ledger.ledger import Ledger
from ledger.model_health import Looked
from plans.step import TierName


async def test_the_last_look_at_each_tier_is_kept(ledger: Ledger) -> None:
    assert await ledger.model_health.read() == []
    for ok, detail in ((True, "answers in 0.4 s"), (False, "x" * 9_000 + "\x00")):
        await ledger.model_health.note(Looked(tier=TierName.HOLO3, ok=ok, detail=detail, took_ms=4))
    await ledger.model_health.note(Looked(tier=TierName.CLAUDE, ok=True, detail=""))
    found = {one.tier: one for one in await ledger.model_health.read()}
    assert set(found) == {TierName.HOLO3, TierName.CLAUDE}
    assert (found[TierName.HOLO3].ok, found[TierName.HOLO3].took_ms) == (False, 4)
    assert found[TierName.HOLO3].detail == "x" * 500
    assert found[TierName.HOLO3].asked_at > 1_700_000_000_000_000
    await ledger.model_health.forget(TierName.HOLO3)
    assert [one.tier for one in await ledger.model_health.read()] == [TierName.CLAUDE]
