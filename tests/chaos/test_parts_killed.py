"""Parts of the service killed with SIGKILL while runs go on: what the campaign does not look at."""

import time
from datetime import datetime

import pytest

from tests.chaos.plans import reading, waiting
from tests.chaos.service import TERMINAL, Service, wait_for

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(300)]


def goes_on(service: Service, run_id: str) -> bool:
    """The run came to its end, with what it read before its browser was hurt, once."""
    result = service.until_over(run_id)
    shown = (result["status"], result.get("halt_class"), len(result["result"]["rows"]))
    assert shown == ("succeeded", None, 1)
    steps = [(step["index"], step["iteration"]) for step in result["result"]["steps"]]
    assert len(steps) == len(set(steps)) == result["summary"]["steps_executed"]
    return True


def test_runs_go_on_when_the_workflow_worker_and_the_api_die(service: Service) -> None:
    hurt = service.submit(reading(1))
    service.until_step(hurt, 2)
    service.strike("runs")
    accepted = service.submit(reading())
    service.strike("api")
    for run_id in (hurt, accepted):
        result = service.until_over(run_id)
        assert (result["status"], len(result["result"]["rows"])) == ("succeeded", 1)
    service.until_nothing_left(20)


def test_runs_go_on_when_temporal_dies_and_submissions_wait_for_it(service: Service) -> None:
    hurt = service.submit(reading(1))
    service.until_step(hurt, 3)
    service.strike("temporal")
    assert service.health() == 503
    accepted = service.submit(reading())
    for run_id in (hurt, accepted):
        result = service.until_over(run_id)
        assert (result["status"], len(result["result"]["rows"])) == ("succeeded", 1)
    assert service.health() == 200
    service.until_nothing_left(20)


def test_a_run_goes_on_in_the_same_browser_when_what_drives_it_dies(service: Service) -> None:
    run_id = service.submit(reading(3))
    service.until_step(run_id, 3)
    browser = browser_of(service)
    service.strike("driver")
    service.until_step(run_id, 5)
    assert browser_of(service) == browser
    service.strike("browsers")
    after = service.submit(reading())
    assert goes_on(service, run_id)
    assert goes_on(service, after)
    service.until_nothing_left(20)


def browser_of(service: Service) -> int:
    """The main process of the one browser that is open."""
    parents = {one.pid: one.ppid() for one in service.processes("chromium")}
    (holder,) = {one.pid for one in service.processes("holder")}
    (browser,) = (pid for pid, parent in parents.items() if parent == holder)
    return browser


def test_five_runs_share_two_sessions_and_waiting_costs_them_no_time(service: Service) -> None:
    runs = [service.submit(waiting(4)) for _ in range(5)]
    unwanted = service.submit(reading())
    asked = time.monotonic()
    service.cancel(unwanted)
    result = service.until_over(unwanted, 10)
    assert time.monotonic() - asked < 10
    assert (result["status"], result["started_at"]) == ("cancelled", None)

    most_at_once = 0

    def over() -> bool:
        nonlocal most_at_once
        statuses = [service.status(run_id)["status"] for run_id in runs]
        most_at_once = max(most_at_once, statuses.count("running"))
        assert set(statuses) <= {"queued", "running", "succeeded"}
        return all(status in TERMINAL for status in statuses)

    wait_for(over, "the end of five runs", 120)
    assert most_at_once == 2
    last = service.result(runs[-1])
    created, started, finished = (
        datetime.fromisoformat(last[name]) for name in ("created_at", "started_at", "finished_at")
    )
    run_s = (finished - started).total_seconds()
    assert (started - created).total_seconds() > run_s
    assert last["summary"]["total_time_s"] <= run_s
    service.until_nothing_left(20)


def test_a_ledger_that_is_locked_for_a_while_delays_the_end_of_a_run(service: Service) -> None:
    run_id = service.submit(waiting(3))
    service.until_step(run_id, 2)
    with service.ledger_locked():
        time.sleep(4)
        assert service.status(run_id)["status"] == "running"
    assert service.until_over(run_id)["status"] == "succeeded"
