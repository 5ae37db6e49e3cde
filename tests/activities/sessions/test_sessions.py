"""Sessions of a run, one after another: adopted, restored, parked, closed."""

import os
import signal

import psutil
import pytest

from activities.holder.messages import HolderState
from tests.activities.sessions.asking import Asking
from tests.activities.sessions.conftest import Machine, Run, Site, until_true
from workflows.messages import Opening

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("worker")]


async def test_a_first_session_is_fresh_and_leaves_nothing_when_it_is_closed(
    run: Run, site: Site, machine: Machine
) -> None:
    await run.hold()
    opened = await run.opened()
    assert opened.how is Opening.FRESH
    hello = await run.hello(opened.session)
    assert (hello.run_id, hello.host_queue) == (run.key.run_id, opened.session.host_queue)
    async with run.pages(opened.session) as pages:
        await pages[0].goto(site.url("/?poll"))
    await until_true(lambda: site.asked["/poll"] > 3, "a page that polls")
    await run.close(opened.session)
    asked = site.asked.total()
    assert await run.ended() == "closed"
    await until_true(lambda: not machine.left(), "nothing left")
    assert site.asked.total() == asked


async def test_a_living_browser_is_adopted_and_its_former_holder_gives_up(
    run: Run, site: Site
) -> None:
    await run.hold()
    first = (await run.opened()).session
    async with run.pages(first) as pages:
        await pages[0].goto(site.url())
        await pages[0].fill("#city", "half")
        started = await pages[0].evaluate("started")
        await run.hold(2, first)
        opened = await run.opened(2)
    assert (opened.how, opened.session.session_id) == (Opening.ADOPTED, first.session_id)
    assert await run.ended(1) == "browser_lost"
    async with run.pages(opened.session) as pages:
        assert await pages[0].input_value("#city") == "half"
        assert await pages[0].evaluate("started") == started
    await run.close(opened.session)
    assert await run.ended(2) == "closed"


async def test_a_worker_that_asks_late_leaves_a_browser_that_was_taken_over_alone(
    run: Run, site: Site
) -> None:
    """Its task lay in a stopped worker while the next one had the browser adopted."""
    await run.hold()
    first = (await run.opened()).session
    async with run.pages(first) as pages:
        await pages[0].goto(site.url())
    await run.hold(3, first)
    third = (await run.opened(3)).session
    await run.hold(2, first)
    assert await run.ended(2) == "StaleEpoch"
    hello = await run.hello(third)
    assert (hello.state, hello.epoch) == (HolderState.READY, 3)
    async with run.pages(third) as pages:
        await pages[0].goto(site.url("/?list"))
    await run.close(third)
    assert await run.ended(3) == "closed"


async def test_the_journal_of_a_browser_that_is_given_up_stays_as_long_as_its_run_goes_on(
    run: Run, machine: Machine
) -> None:
    """What it sent decides about an act that was claimed, when the next browser is there."""
    await run.hold()
    first = (await run.opened()).session
    journal = run.spec(first).journal_path
    await run.handle.signal(Asking.let_go, 1)
    await run.ended()
    await until_true(lambda: not machine.processes(), "the first browser's end")
    assert journal.exists()
    await run.hold(2)
    second = (await run.opened(2)).session
    assert journal.exists()
    await run.close(second)
    await until_true(lambda: not machine.left(), "nothing left")


async def test_a_dead_browser_is_replaced_by_one_on_the_checkpoint(
    run: Run, site: Site, machine: Machine
) -> None:
    await run.hold()
    first = (await run.opened()).session
    async with run.pages(first) as pages:
        await pages[0].goto(site.url("/?list"))
        await pages[0].fill("#city", "half")
        await run.checkpoint(first)
    os.kill((await run.hello(first)).chrome_pid, signal.SIGKILL)
    assert await run.ended(1) == "browser_lost"
    await run.hold(2, first)
    opened = await run.opened(2)
    assert opened.how is Opening.RESTORED
    assert opened.session.session_id != first.session_id
    assert not (machine.sessions_dir / first.session_id).exists()
    async with run.pages(opened.session) as pages:
        assert [page.url for page in pages] == [site.url("/?list")]
        assert await pages[0].input_value("#city") == "half"
    journals = machine.data_dir / "journals" / run.key.tenant_id / run.key.run_id
    assert len(list(journals.iterdir())) == 2
    await run.close(opened.session)
    assert await run.ended(2) == "closed"
    assert not journals.exists()


async def test_a_page_that_came_by_post_is_not_asked_for_again(run: Run, site: Site) -> None:
    await run.hold()
    first = (await run.opened()).session
    async with run.pages(first) as pages:
        await pages[0].goto(site.url())
        await run.checkpoint(first)
        await pages[0].click("#post")
        await pages[0].wait_for_url("**/posted")
        await run.checkpoint(first)
    os.kill((await run.hello(first)).pid, signal.SIGKILL)
    assert await run.ended(1) == "browser_lost"
    await run.hold(2, first)
    opened = await run.opened(2)
    assert opened.how is Opening.STEPPED_BACK
    async with run.pages(opened.session) as pages:
        assert [page.url for page in pages] == [site.url()]
    assert site.asked["/posted"] == 1
    await run.close(opened.session)


async def test_tabs_that_wait_hang_or_have_crashed_do_not_cost_the_browser(
    run: Run, site: Site
) -> None:
    await run.hold()
    ref = (await run.opened()).session
    async with run.pages(ref) as pages:
        await pages[0].goto(site.url())
        await run.checkpoint(ref)
    for epoch, way in enumerate(("waits", "hangs", "crashes"), 2):
        async with run.pages(ref) as pages:
            if way == "waits":
                await pages[0].evaluate("void setTimeout(() => location = '/never')")
                await until_true(lambda: site.asked["/never"], "a page that keeps waiting")
            elif way == "hangs":
                await pages[0].evaluate("void setTimeout(() => { for (;;) {} })")
            else:
                for renderer in renderers((await run.hello(ref)).chrome_pid):
                    renderer.kill()
        await run.hold(epoch, ref)
        opened = await run.opened(epoch)
        assert opened.session.session_id == ref.session_id
        assert opened.how is (Opening.ADOPTED if way == "waits" else Opening.RESTORED), way
        ref = opened.session
        async with run.pages(ref) as pages:
            assert [page.url for page in pages] == [site.url()]
    await run.close(ref)


def renderers(chrome_pid: int) -> list[psutil.Process]:
    tree = psutil.Process(chrome_pid).children(recursive=True)
    return [one for one in tree if "--type=renderer" in " ".join(one.cmdline())]


async def test_a_parked_session_is_adopted_or_closed_by_whoever_is_there(
    run: Run, site: Site, machine: Machine
) -> None:
    await run.hold()
    ref = (await run.opened()).session
    async with run.pages(ref) as pages:
        await pages[0].goto(site.url("/?poll"))
        await pages[0].fill("#city", "half")
    await run.park(ref, 60)
    await run.park(ref, 60)
    assert await run.ended() == "parked"
    before = site.asked["/poll"]
    await until_true(lambda: site.asked["/poll"] > before, "a parked page goes on")
    await run.hold(2, ref)
    opened = await run.opened(2)
    assert opened.how is Opening.ADOPTED
    async with run.pages(opened.session) as pages:
        assert await pages[0].input_value("#city") == "half"
    await run.park(opened.session, 60)
    await run.close(opened.session, queue=opened.session.machine_queue)
    asked = site.asked.total()
    await until_true(lambda: not machine.left(), "nothing left")
    assert site.asked.total() == asked


async def test_a_kept_profile_is_opened_anew_after_its_browser_was_killed(
    run: Run, machine: Machine
) -> None:
    await run.hold(profile_id="shopper")
    first = (await run.opened()).session
    os.kill((await run.hello(first)).pid, signal.SIGSTOP)
    assert await run.ended(1) == "browser_lost"
    await run.hold(2, first, profile_id="shopper")
    second = (await run.opened(2)).session
    assert second.session_id != first.session_id
    assert run.spec(second).profile_dir.name == "shopper"
    assert len({one.pid for one in machine.processes() if is_main(one)}) == 1
    await run.close(second)


def is_main(process: psutil.Process) -> bool:
    line = process.cmdline()
    return any("--remote-debugging-port" in word for word in line) and not any(
        word.startswith("--type=") for word in line
    )


async def test_a_run_that_is_over_gets_no_session(run: Run, machine: Machine) -> None:
    await run.hold()
    ref = (await run.opened()).session
    await run.park(ref, 60)
    await run.handle.terminate()
    await until_true(lambda: not machine.left(), "a parked session of no run is ended")
