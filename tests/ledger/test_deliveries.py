from collections.abc import Callable

import pytest

from ledger.errors import UnknownDelivery
from ledger.ledger import Ledger
from ledger.models import Delivery, Ending, NewRun, RunStatus

MakeRun = Callable[..., NewRun]
RUN = ("acme", "20260101_000000_0000abcd")
DONE = Ending(status=RunStatus.SUCCEEDED)
URL = "https://hooks.example.com/x?key=1"


async def ended(ledger: Ledger, make: MakeRun, **changes: object) -> Delivery:
    hook = {"callback_url": URL, "webhook_secret_name": "hook", **changes}
    new = make().model_copy(update=hook)
    await ledger.runs.admit(new)
    await ledger.runs.finish(new.tenant_id, new.run_id, DONE, 2_000_000)
    delivery = await ledger.deliveries.of_run(new.tenant_id, new.run_id)
    assert delivery is not None
    return delivery


async def test_a_webhook_is_due_with_the_end_of_its_run(ledger: Ledger, new_run: MakeRun):
    new = new_run().model_copy(update={"callback_url": URL, "webhook_secret_name": "hook"})
    await ledger.runs.admit(new)
    assert await ledger.deliveries.of_run(*RUN) is None
    assert await ledger.runs.finish(*RUN, DONE, 2_000_000)
    assert not await ledger.runs.finish(*RUN, DONE, 3_000_000)
    delivery = await ledger.deliveries.of_run(*RUN)
    assert delivery is not None
    assert (delivery.url, delivery.secret_name, delivery.state) == (URL, "hook", "pending")
    assert (delivery.tries, delivery.last_code, delivery.last_error) == (0, None, "")
    errands = await ledger.outbox.pending(9, 10**16)
    assert [(one.kind, one.reason) for one in errands] == [
        ("start", ""),
        ("webhook", delivery.delivery_id),
    ]
    assert await ledger.deliveries.get("acme", delivery.delivery_id) == delivery


async def test_without_a_callback_nothing_is_due(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    await ledger.runs.finish(*RUN, DONE, 2)
    assert await ledger.deliveries.of_run(*RUN) is None
    assert await ledger.outbox.waiting() == 1


async def test_each_try_is_counted_and_told_after_the_end(ledger: Ledger, new_run: MakeRun):
    delivery = await ended(ledger, new_run)
    last = (await ledger.events.tail(*RUN, 1))[0]
    name = (delivery.tenant_id, delivery.delivery_id)
    await ledger.deliveries.record_try(*name, 1, None, "connection refused", "pending")
    await ledger.deliveries.record_try(*name, 2, 503, "status 503", "pending")
    again = await ledger.deliveries.record_try(*name, 2, 200, "", "delivered")
    assert (again.state, again.tries, again.last_code) == ("pending", 2, 503)
    over = await ledger.deliveries.record_try(*name, 3, 204, "", "delivered")
    assert (over.state, over.tries, over.last_code, over.last_error) == ("delivered", 3, 204, "")
    events = await ledger.events.read(*RUN, since_ts=last.ts)
    assert [event.kind for event in events] == ["webhook"] * 3
    assert [event.body["code"] for event in events] == [None, 503, 204]
    times = [last.ts, *(event.ts for event in events)]
    assert times == sorted(set(times))
    assert not any(URL in str(event.body) for event in events)
    row = await ledger.runs.get(*RUN)
    assert row is not None
    assert row.status is RunStatus.SUCCEEDED and row.last_event_at == times[-1]


async def test_given_up_ones_are_listed_and_sent_again(ledger: Ledger, new_run: MakeRun):
    mine = await ended(ledger, new_run)
    theirs = await ended(ledger, new_run, tenant_id="other")
    for one in (mine, theirs):
        await ledger.deliveries.record_try(one.tenant_id, one.delivery_id, 1, 500, "x", "given_up")
    listed = await ledger.deliveries.in_state("given_up")
    assert {one.delivery_id for one in listed} == {mine.delivery_id, theirs.delivery_id}
    assert len(await ledger.deliveries.in_state("given_up", "acme")) == 1
    assert len(await ledger.deliveries.in_state("given_up", limit=1)) == 1
    for errand in await ledger.outbox.pending(9, 10**16):
        await ledger.outbox.done(errand.id)
    for _ in range(2):
        again = await ledger.deliveries.resend("acme", mine.delivery_id)
        assert (again.state, again.tries) == ("pending", 1)
    (errand,) = await ledger.outbox.pending(9, 10**16)
    assert (errand.kind, errand.reason) == ("webhook", mine.delivery_id)


async def test_another_tenants_delivery_is_unknown(ledger: Ledger, new_run: MakeRun):
    delivery_id = (await ended(ledger, new_run)).delivery_id
    assert await ledger.deliveries.get("other", delivery_id) is None
    with pytest.raises(UnknownDelivery):
        await ledger.deliveries.record_try("other", delivery_id, 1, 200, "", "delivered")
    with pytest.raises(UnknownDelivery):
        await ledger.deliveries.resend("other", delivery_id)


async def test_a_run_that_waits_for_it_ends_too(ledger: Ledger, new_run: MakeRun):
    hook = {"callback_url": URL, "profile_id": "p"}
    await ledger.runs.admit(new_run(run_id="r1").model_copy(update=hook))
    await ledger.runs.admit(new_run(run_id="r2").model_copy(update=hook))
    await ledger.runs.finish("acme", "r1", DONE, 2)
    kinds = [(one.run_id, one.kind) for one in await ledger.outbox.pending(9, 10**16)]
    assert kinds == [("r1", "start"), ("r1", "webhook"), ("r2", "start")]
