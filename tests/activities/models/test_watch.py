"""The pool of Holo3 is looked at by its workers, who share the work and tell the ledger."""

from activities.models.looking import PoolWatch
from activities.models.settings import PatienceSettings
from inference.holo3.chat import connections
from inference.settings import ModelSettings
from ledger.ledger import Ledger
from ledger.model_health import Looked, ModelHealth
from plans.step import TierName
from tests.activities.models.calling import until_async
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Says, broken


async def found(ledger: Ledger) -> ModelHealth | None:
    looked = await ledger.model_health.read()
    return looked[0] if looked else None


async def test_what_a_look_finds_is_told_and_a_look_of_another_worker_counts(
    ledger: Ledger, holo3: SGLang
) -> None:
    await ledger.model_health.forget(TierName.HOLO3)
    holo3.then(Says("Red"), broken())
    settings = ModelSettings(holo3_url=f"{holo3.url}/v1")
    async with connections(settings) as http:
        now, later = PatienceSettings(holo3_check_s=120), PatienceSettings(holo3_check_s=1)
        await PoolWatch(ledger, settings, now, http).look()
        first = await found(ledger)
        assert first is not None
        assert (first.ok, "answers" in first.detail) == (True, True)
        await PoolWatch(ledger, settings, now, http).look()
        assert len(holo3.asked) == 1

        async def down() -> bool:
            looked = await found(ledger)
            return looked is not None and not looked.ok

        async with PoolWatch(ledger, settings, later, http).watching():
            await until_async(down, 20, "the second look is told")
    second = await found(ledger)
    assert second is not None
    assert "500" in second.detail
    assert "\n" not in second.detail


async def test_a_pool_that_is_not_configured_any_more_is_forgotten(ledger: Ledger) -> None:
    await ledger.model_health.note(Looked(tier=TierName.HOLO3, ok=True, detail=""))
    settings = ModelSettings(holo3_url="")

    async def gone() -> bool:
        return await found(ledger) is None

    async with connections(settings) as http:
        watch = PoolWatch(ledger, settings, PatienceSettings(), http)
        async with watch.watching():
            await until_async(gone, 10, "it is forgotten")
