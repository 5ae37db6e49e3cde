"""Browser workers that are killed, stopped or drained, and what becomes of their browsers."""

import asyncio
import os
import signal

import pytest

from tests.activities.sessions.conftest import (
    Machine,
    Run,
    Site,
    StartWorker,
    until_true,
)
from workflows.messages import Opening

pytestmark = pytest.mark.browser


async def test_the_browser_of_a_killed_worker_is_told_of_and_adopted_by_the_next(
    run: Run, site: Site, start_worker: StartWorker, machine: Machine
) -> None:
    machine.environment["MANTIS_LEASE_LINGER_S"] = "120"
    first_worker = await start_worker()
    await run.hold()
    ref = (await run.opened()).session
    async with run.pages(ref) as pages:
        await pages[0].goto(site.url())
        await pages[0].fill("#city", "half")
    first_worker.process.kill()
    await start_worker()
    gone = await run.gone()
    assert (gone.session, gone.draining) == (ref, False)
    await run.hold(2, ref)
    opened = await run.opened(2)
    assert opened.how is Opening.ADOPTED
    assert opened.session.host_queue != ref.host_queue
    async with run.pages(opened.session) as pages:
        assert await pages[0].input_value("#city") == "half"
    await run.close(opened.session)


async def test_a_worker_that_was_stopped_reaches_nothing_when_it_comes_back(
    run: Run, site: Site, start_worker: StartWorker, machine: Machine
) -> None:
    machine.environment["MANTIS_LEASE_LINGER_S"] = "120"
    stopped = await start_worker()
    await run.hold()
    ref = (await run.opened()).session
    async with run.pages(ref) as pages:
        await pages[0].goto(site.url("/?poll"))
    await start_worker()
    stopped.process.send_signal(signal.SIGSTOP)
    assert (await run.gone()).session == ref
    epoch = 2
    await run.hold(epoch, ref)
    while not (await run.seen()).opened[1:]:
        # What the stopped worker had asked for before it was stopped may still go to it.
        if epoch in (await run.seen()).ends:
            epoch += 1
            await run.hold(epoch, ref)
        await asyncio.sleep(0.1)
    opened = await run.opened(epoch)
    assert opened.how is Opening.ADOPTED
    stopped.process.send_signal(signal.SIGCONT)
    assert "Timeout" in await run.ended()
    hello = await run.hello(opened.session)
    assert (hello.epoch, hello.host_queue) == (epoch, opened.session.host_queue)
    await run.close(opened.session)
    await until_true(lambda: not machine.left(), "nothing left")


async def test_a_drained_worker_hands_its_browser_over_with_its_network_open(
    run: Run, site: Site, start_worker: StartWorker
) -> None:
    drained = await start_worker()
    await run.hold()
    ref = (await run.opened()).session
    async with run.pages(ref) as pages:
        await pages[0].goto(site.url("/?poll"))
        started = await pages[0].evaluate("started")
    await start_worker()
    drained.process.terminate()
    gone = await run.gone()
    assert (gone.session, gone.draining) == (ref, True)
    assert await run.ended() == "drained"
    assert await asyncio.to_thread(drained.process.wait, 60) == 0
    before = site.asked["/poll"]
    await until_true(lambda: site.asked["/poll"] > before, "the page goes on")
    await run.hold(2, ref)
    opened = await run.opened(2)
    assert opened.how is Opening.ADOPTED
    async with run.pages(opened.session) as pages:
        assert await pages[0].evaluate("started") == started
    await run.close(opened.session)


@pytest.mark.parametrize("victim", ["holder", "chromium", "all"])
async def test_nothing_is_left_of_what_was_killed(
    victim: str,
    run: Run,
    start_worker: StartWorker,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine.environment["MANTIS_LEASE_LINGER_S"] = "1"
    worker = await start_worker()
    await run.hold()
    ref = (await run.opened()).session
    hello = await run.hello(ref)
    if victim == "all":
        worker.process.kill()
    if victim in ("holder", "all"):
        os.kill(hello.pid, signal.SIGKILL)
    if victim in ("chromium", "all"):
        os.kill(hello.chrome_pid, signal.SIGKILL)
    if victim == "all":
        await start_worker()
    else:
        assert await run.ended() == "browser_lost"
    await until_true(
        lambda: [one for one in machine.left() if "journals" not in one] == [], "nothing left"
    )
