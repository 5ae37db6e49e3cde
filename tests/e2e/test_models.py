"""Models on the whole stack, over HTTP: what only Holo3 can see, and a key that comes late."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.live import Api, Document, LiveStack, eventually, start_stack, stop_stack
from tests.fakes import claude_answers as claude_says
from tests.fakes import sglang_answers as holo3_says
from tests.fakes.claude_api import KEY, ClaudeApi
from tests.fakes.models import holo3_knows
from tests.fakes.serving import Loopback, Receive, Scope, Send
from tests.fakes.sglang import SGLang

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(300)]

HEART, STAR = (450, 250), (150, 250)
PAGE = b"""<!doctype html><title>Icons</title><style>body{margin:0}</style>
<canvas id=c width=600 height=400></canvas><p>Nothing was chosen.</p>
<script>
const canvas = document.getElementById('c'), pen = canvas.getContext('2d');
pen.fillStyle = 'crimson';
pen.beginPath(); pen.arc(430, 240, 24, 0, 7); pen.arc(470, 240, 24, 0, 7);
pen.moveTo(408, 252); pen.lineTo(450, 300); pen.lineTo(492, 252); pen.fill();
pen.fillStyle = 'gold';
pen.beginPath();
for (let n = 0; n < 10; n++) {
  const far = n % 2 ? 18 : 44, turn = n * Math.PI / 5;
  pen.lineTo(150 + far * Math.sin(turn), 250 - far * Math.cos(turn));
}
pen.fill();
canvas.addEventListener('click', event => {
  const near = (x, y) => Math.hypot(event.offsetX - x, event.offsetY - y) < 50;
  const what = near(450, 250) ? 'heart' : near(150, 250) ? 'star' : 'nothing';
  document.querySelector('p').textContent = `You chose the ${what}.`;
});
</script>"""
HOLDS = {"seen_in": "picture", "evidence": "Nothing was chosen.", "verdict": "holds"}


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    head = [(b"content-type", b"text/html; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": PAGE})


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with Loopback(_page) as server:
        yield server.url


@pytest.fixture(scope="module")
def holo3() -> Iterator[SGLang]:
    with SGLang() as pool:
        yield pool


@pytest.fixture(scope="module")
def claude() -> Iterator[ClaudeApi]:
    with ClaudeApi(lambda _: claude_says.Says(HOLDS)) as api:
        yield api


@pytest.fixture(scope="module")
def secrets_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets")


@pytest.fixture(scope="module")
def own(
    holo3: SGLang, claude: ClaudeApi, secrets_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveStack]:
    """A stack with a pool, and with no key of Claude yet."""
    started = start_stack(
        tmp_path_factory.mktemp("models") / "data",
        {
            "MANTIS_ALLOW_PRIVATE_HOSTS": "127.0.0.1:*",
            "MANTIS_HOLO3_URL": f"{holo3.url}/v1",
            "MANTIS_HOLO3_CHECK_S": "1",
            "MANTIS_ANTHROPIC_BASE_URL": claude.url,
            "MANTIS_SECRETS_DIR": str(secrets_dir),
            "MANTIS_MODEL_PATIENCE_S": "3",
            "ANTHROPIC_API_KEY": "",
        },
    )
    try:
        yield started
    finally:
        stop_stack(started)


@pytest.fixture
def caller(own: LiveStack) -> Iterator[Api]:
    api = Api(own)
    with api.client:
        yield api


def choosing(site: str, what: str) -> list[Document]:
    return [
        {"type": "navigate", "intent": f"Open {site}/", "required": True},
        {
            "type": "click",
            "intent": f"Click the {what} icon",
            "required": True,
            "verify": f'the page shows "You chose the {what}."',
        },
    ]


def test_what_only_the_picture_shows_is_found_by_holo3_and_paid(
    caller: Api, site: str, holo3: SGLang
) -> None:
    """
    > `dom` (accessibility tree and DOM, no model), `holo3` (screenshot → action, on the SGLang
    > pool),
    """
    holo3.answer = holo3_knows({"heart": HEART, "star": STAR})
    for what in ("heart", "star"):
        result = caller.run(choosing(site, what))
        assert result["status"] == "succeeded", result
        click = result["result"]["steps"][1]
        assert (click["tier"], click["success"]) == ("holo3", True)
        summary = result["summary"]
        assert summary["tiers"]["holo3"] == 1
        assert summary["cost_breakdown"]["gpu"] == summary["cost_total"] > 0
        assert click["cost"] == summary["cost_total"]


def test_health_and_metrics_tell_of_the_pool_and_of_what_was_asked(
    caller: Api, holo3: SGLang
) -> None:
    def check() -> str:
        return caller.client.get("/v1/health").json()["checks"].get("holo3", "")

    eventually(lambda: check() == "ok", 30, "the pool was looked at")
    text = caller.client.get("/metrics").text
    assert 'mantis_model_up{tier="holo3"} 1.0' in text
    assert 'mantis_model_calls_total{outcome="answered",tenant_id="default",tier="holo3"}' in text
    assert "mantis_model_cost_microusd_total" in text
    holo3.hanging = True
    holo3.stop()
    try:
        eventually(lambda: check() not in ("ok", ""), 60, "the pool is away")
        assert 'mantis_model_up{tier="holo3"} 0.0' in caller.client.get("/metrics").text
        assert caller.client.get("/v1/health").json()["ok"] is True
    finally:
        holo3.hanging = False
        holo3.start()
    eventually(lambda: check() == "ok", 60, "the pool is back")


def test_a_cancel_ends_the_request_to_the_model(caller: Api, site: str, holo3: SGLang) -> None:
    holo3.answer = lambda asked: (
        holo3_says.Says("Red") if asked.schema is None else holo3_says.Hangs()
    )
    before = len(holo3.aborted)
    run_id = caller.submit([*choosing(site, "heart"), *choosing(site, "heart")])
    caller.wait_for_steps(run_id, 1)
    eventually(lambda: any(one.schema for one in holo3.asked[-3:]), 60, "Holo3 is asked")
    began = time.monotonic()
    caller.client.post(f"/v1/runs/{run_id}/cancel", json={})
    result = caller.wait(run_id)
    assert result["status"] == "cancelled"
    eventually(lambda: len(holo3.aborted) > before, 10, "the pool sees the disconnect")
    assert time.monotonic() - began < 15


def test_a_pause_does_not_wait_for_a_model_that_hangs(
    caller: Api, site: str, holo3: SGLang
) -> None:
    """Its request is ended, nothing stays reserved, and it is asked again after the pause."""
    holo3.answer = lambda asked: (
        holo3_says.Says("Red") if asked.schema is None else holo3_says.Hangs()
    )
    before, earlier = len(holo3.aborted), len(holo3.asked)
    run_id = caller.submit(choosing(site, "heart"))
    eventually(lambda: any(one.schema for one in holo3.asked[earlier:]), 60, "Holo3 is asked")
    caller.client.post(f"/v1/runs/{run_id}/pause", json={})
    eventually(lambda: caller.get(run_id)["status"] == "paused", 40, "the run is paused")
    assert len(holo3.aborted) > before
    usage = caller.client.get("/v1/usage", params={"run_id": run_id, "by": "call"}).json()
    assert [(one["state"], one["held"]) for one in usage["records"]] == [("released", 0)]
    holo3.answer = holo3_knows({"heart": HEART})
    caller.client.post(f"/v1/runs/{run_id}/resume", json={})
    assert caller.wait(run_id)["status"] == "succeeded"
    usage = caller.client.get("/v1/usage", params={"run_id": run_id, "by": "call"}).json()
    asked_first = usage["records"][0]
    assert (asked_first["state"], asked_first["tries"]) == ("settled", 2)
    assert usage["total"]["open_tries"] == 0


def test_a_key_that_comes_while_the_service_runs_counts_at_once(
    caller: Api, site: str, claude: ClaudeApi, secrets_dir: Path, holo3: SGLang
) -> None:
    holo3.answer = lambda _: holo3_says.Fails(400, "no")
    gate: list[Document] = [
        {"type": "navigate", "intent": f"Open {site}/", "required": True},
        {
            "type": "detect_visible",
            "intent": "Look whether a gold star is drawn",
            "gate": True,
            "claude_only": True,
            "verify": "a gold star is drawn on the left of a red heart",
        },
    ]
    without = caller.run(gate)
    assert without["status"] == "failed", without
    assert without["halt_class"] in ("model_unavailable", "gate_undecided")
    (secrets_dir / "anthropic_api_key").write_text(KEY)
    with_key = caller.run(gate)
    assert with_key["status"] == "succeeded", with_key
    assert {one.key for one in claude.asked} == {KEY}
    cost = round(with_key["summary"]["cost_total"] * 1_000_000)
    assert cost == claude.bill[KEY] > 0
