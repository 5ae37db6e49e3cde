import asyncio
from collections.abc import Callable

import pytest

from ledger.errors import UnknownRun
from ledger.ledger import Ledger
from ledger.models import ItemKey, ItemMark, NewEvent, NewRow, NewRun, RowCounts, StepRecord

MakeRun = Callable[..., NewRun]
RUN = ("acme", "20260101_000000_0000abcd")


def step(call: str, *keys: str, viable: bool = True, index: int = 3) -> StepRecord:
    return StepRecord(
        tenant_id=RUN[0],
        run_id=RUN[1],
        call_key=call,
        step_index=index,
        events=(NewEvent(dedup_key=call, kind="step", step_index=index, body={"call": call}),),
        rows=tuple(
            NewRow(key=key, record={"fields": {}, "url": key}, viable=viable, page_url=key)
            for key in keys
        ),
    )


async def test_events_keep_their_order_when_the_clock_stands(url: str, new_run: MakeRun):
    ledger = await Ledger.open(url, clock=lambda: 42)
    await ledger.runs.admit(new_run())
    await ledger.events.append(
        *RUN, [NewEvent(dedup_key=str(n), kind="log", body={"n": n}) for n in range(5)]
    )
    events = await ledger.events.read(*RUN)
    await ledger.close()
    assert [event.body.get("n") for event in events] == [None, 0, 1, 2, 3, 4]
    assert [event.ts for event in events] == [1_000_000 + n for n in range(6)]


async def test_an_event_is_written_once(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    one = NewEvent(dedup_key="a", kind="step", step_index=1, body={"try": 1})
    await ledger.events.append(*RUN, [one])
    await ledger.events.append(*RUN, [one.model_copy(update={"body": {"try": 2}}), one])
    found = await ledger.events.of_kind(*RUN, "step")
    assert [event.body for event in found] == [{"try": 1}]
    row = await ledger.runs.get(*RUN)
    assert row is not None and row.last_event_at == found[0].ts


async def test_the_cursor_loses_and_repeats_nothing(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    await ledger.events.append(*RUN, [NewEvent(dedup_key=str(n), kind="log") for n in range(9)])
    seen: list[str] = []
    cursor = 0
    while batch := await ledger.events.read(*RUN, since_ts=cursor, limit=4):
        seen += [event.dedup_key for event in batch]
        cursor = batch[-1].ts
    assert seen == ["admission:0", *map(str, range(9))]
    assert [event.dedup_key for event in await ledger.events.tail(*RUN, 3)] == ["6", "7", "8"]


async def test_writers_of_two_ledgers_get_strictly_increasing_times(
    ledger: Ledger, url: str, new_run: MakeRun
):
    await ledger.runs.admit(new_run())
    other = await Ledger.open(url)
    try:
        await asyncio.gather(
            *(
                one.events.append(*RUN, [NewEvent(dedup_key=f"{name}{n}", kind="log")])
                for n in range(25)
                for name, one in (("a", ledger), ("b", other))
            )
        )
    finally:
        await other.close()
    times = [event.ts for event in await ledger.events.read(*RUN)]
    assert len(times) == 51
    assert times == sorted(set(times))


async def test_events_of_an_unknown_run_are_refused(ledger: Ledger):
    with pytest.raises(UnknownRun):
        await ledger.events.append(*RUN, [NewEvent(dedup_key="a", kind="log")])


async def test_a_step_is_recorded_once(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    first = await ledger.rows.record_step(step("c1", "u1", "u2"))
    assert first == RowCounts(added=2, viable_added=2, total_of_step=2)
    assert await ledger.rows.record_step(step("c1", "u1", "u2")) == first
    second = await ledger.rows.record_step(step("c2", "u2", "u3", viable=False))
    assert second == RowCounts(added=1, viable_added=0, total_of_step=3)
    rows = await ledger.rows.read(*RUN)
    assert [(row.seq, row.key) for row in rows] == [(1, "u1"), (2, "u2"), (3, "u3")]
    assert len(await ledger.events.of_kind(*RUN, "step")) == 2


async def test_a_record_given_twice_in_one_step_is_stored_once(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    assert (await ledger.rows.record_step(step("c1", "u1", "u1", "u2"))).added == 2
    assert [row.key for row in await ledger.rows.read(*RUN)] == ["u1", "u2"]


async def test_the_same_step_from_many_sides_counts_once(
    ledger: Ledger, url: str, new_run: MakeRun
):
    await ledger.runs.admit(new_run())
    other = await Ledger.open(url)
    try:
        counts = await asyncio.gather(
            *(
                one.rows.record_step(step("c1", "u1", "u2"))
                for one in (ledger, other)
                for _ in range(5)
            )
        )
    finally:
        await other.close()
    assert set(counts) == {RowCounts(added=2, viable_added=2, total_of_step=2)}


async def test_variables_are_kept_as_they_are(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    record = step("c1").model_copy(update={"variables": {"code": "0042", "found": None}})
    await ledger.rows.record_step(record)
    await ledger.variables.set(*RUN, "list", [1, {"a": True}])
    await ledger.variables.set(*RUN, "code", 7)
    assert await ledger.variables.get_all(*RUN) == {
        "code": 7,
        "found": None,
        "list": [1, {"a": True}],
    }


async def test_an_owner_claims_the_first_free_item(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    items = [ItemKey(key=f"k{n}", url=f"u{n}", title=f"t{n}") for n in range(3)]
    first = await ledger.items.claim(*RUN, "7", "1:0", items, "list-1")
    assert first is not None and first.key == "k0"
    again = await ledger.items.claim(*RUN, "7", "1:0", items[1:], "list-9")
    assert again == first
    second = await ledger.items.claim(*RUN, "7", "1:1", items, "list-2")
    assert second is not None and second.key == "k1"
    elsewhere = await ledger.items.claim(*RUN, "8", "1:0", items, "list-3")
    assert elsewhere is not None and elsewhere.key == "k0"
    assert await ledger.items.visited(*RUN, "7") == {"k0", "k1"}
    assert await ledger.items.last_list_url(*RUN) == "list-3"
    assert await ledger.items.last_list_url(*RUN, "7") == "list-2"
    assert await ledger.items.claim(*RUN, "7", "1:2", items[:2], "list-1") is None


async def test_a_step_marks_its_item(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    await ledger.items.claim(*RUN, "7", "1:0", [ItemKey(key="k")], "list")
    mark = ItemMark(scope="7", owner="1:0", status="failed")
    await ledger.rows.record_step(step("c1").model_copy(update={"item": mark}))
    item = await ledger.items.claim(*RUN, "7", "1:0", [], "list")
    assert item is not None and item.status == "failed"


async def test_claims_at_once_give_each_item_to_one_owner(
    ledger: Ledger, url: str, new_run: MakeRun
):
    await ledger.runs.admit(new_run())
    items = [ItemKey(key=f"k{n}") for n in range(10)]
    other = await Ledger.open(url)
    try:
        claims = await asyncio.gather(
            *(
                one.items.claim(*RUN, "7", f"{name}:{n}", items, "list")
                for n in range(6)
                for name, one in (("a", ledger), ("b", other))
            )
        )
    finally:
        await other.close()
    keys = [claim.key for claim in claims if claim is not None]
    assert sorted(keys) == sorted(item.key for item in items)
    assert claims.count(None) == 2


async def test_long_keys_are_cut_the_same_way_everywhere(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    long = "https://example.com/?q=" + "x" * 9000
    item = ItemKey(key=long, url=long)
    assert item != ItemKey(key=long + "y", url=long)
    claimed = await ledger.items.claim(*RUN, "7", "1:0", [item], long)
    assert claimed is not None and claimed.url == long
    assert await ledger.items.visited(*RUN, "7") == {item.key}
    assert (await ledger.rows.record_step(step("c" * 5000, long))).added == 1
    assert (await ledger.rows.record_step(step("d" * 5000, long))).added == 0
