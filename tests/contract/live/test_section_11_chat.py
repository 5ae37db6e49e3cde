"""Section 11: the chat proxy, in front of a pool that does as it is told."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.contract.live.conftest import KEYS, Caller, Document, Door
from tests.e2e.live import eventually
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Hangs, Plain, Says, broken

CHAT = "/v1/chat/completions"
HELLO: Document = {"model": "holo3", "messages": [{"role": "user", "content": "Where is it?"}]}


@pytest.fixture
def pool() -> Iterator[SGLang]:
    with SGLang(lambda _: Says("It is at the top of the page."), api_key="of-the-pool") as served:
        yield served


@pytest.fixture
def caller(open_door: Callable[..., Door], pool: SGLang) -> Caller:
    """A caller of an API with that pool behind it."""
    door = open_door(
        MANTIS_API_TOKEN="tok",
        MANTIS_HOLO3_URL=f"{pool.url}/v1",
        MANTIS_HOLO3_API_KEY="of-the-pool",
    )
    return door.caller("tok")


def test_body_status_and_answer_are_passed(caller: Caller, pool: SGLang):
    """
    > `POST /v1/chat/completions` passes the body to the Holo3 pool and its status, headers of
    > content and body back,

    > `POST /v1/chat/completions` | run | OpenAI-compatible proxy to the Holo3 pool,
    """
    answer = caller.http.post(CHAT, json={**HELLO, "temperature": 0})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["choices"][0]["message"]["content"] == "It is at the top of the page."
    assert pool.asked[0].body == {**HELLO, "temperature": 0}
    pool.then(broken())
    answer = caller.http.post(CHAT, json=HELLO)
    assert (answer.status_code, answer.json()["object"]) == (500, "error")


def test_streams_come_chunk_by_chunk(caller: Caller, pool: SGLang):
    """
    > `stream: true` chunk by chunk;

    > streamed when `stream: true`
    """
    pool.latency_s = 1.0
    times: list[float] = []
    text = ""
    with caller.http.stream("POST", CHAT, json={**HELLO, "stream": True}) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        for part in answer.iter_text():
            times.append(time.monotonic())
            text += part
    assert text.endswith("data: [DONE]\n\n")
    assert times[-1] - times[0] > 0.3


@pytest.mark.parametrize("stream", [False, True])
def test_a_disconnect_is_passed_on(caller: Caller, pool: SGLang, stream: bool):
    """> a disconnect is passed on."""
    pool.then(Hangs())
    left: list[float] = []

    def ask() -> None:
        with httpx.Client(base_url=caller.url, headers={"X-Mantis-Token": "tok"}) as client:
            with pytest.raises(httpx.ReadTimeout):
                client.post(CHAT, json={**HELLO, "stream": stream}, timeout=1)
            left.append(time.monotonic())

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(30)
    eventually(lambda: bool(pool.aborted), 20, "the pool is let go")
    assert pool.aborted[0].at - left[0] < 1


def test_credentials_never_reach_the_pool(caller: Caller, pool: SGLang):
    """
    > `Authorization`, `X-Mantis-Token`, `Cookie` and hop-by-hop headers never reach the pool.
    """
    headers = {
        "Authorization": "Api-Key of-a-gateway",
        "Cookie": "session=1",
        "Keep-Alive": "timeout=5",
        "TE": "trailers",
        "Upgrade": "websocket",
        "Proxy-Authorization": "Basic eDp5",
    }
    assert caller.http.post(CHAT, json=HELLO, headers=headers).status_code == 200
    (asked,) = pool.asked
    assert asked.headers["authorization"] == "Bearer of-the-pool"
    assert "tok" not in asked.headers.values()
    seen = {name.lower() for name in asked.headers}
    kept_out = {name.lower() for name in headers} - {"authorization"} | {"x-mantis-token"}
    assert not seen & kept_out


def test_a_pool_that_is_away(caller: Caller, pool: SGLang):
    """> Pool away: 502 `{"detail": …}`;"""
    pool.stop()
    answer = caller.http.post(CHAT, json=HELLO)
    assert answer.status_code == 502
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize(("given", "status"), [(200, 502), (404, 404), (500, 500), (503, 503)])
def test_an_answer_that_is_no_json(caller: Caller, pool: SGLang, given: int, status: int):
    """
    > an answer that is not JSON:
    > `{"error":{"message":<first 1000 characters>,"type":"upstream_error"}}` with the pool's
    > status if an error, else 502.
    """
    page = b"<html>" + b"x" * 2000
    pool.then(Plain(given, page))
    answer = caller.http.post(CHAT, json=HELLO)
    assert answer.status_code == status
    expected: Any = {"message": page.decode()[:1000], "type": "upstream_error"}
    assert answer.json() == {"error": expected}


def test_a_token_needs_the_scope(open_door: Callable[..., Door], pool: SGLang, keys_path: Any):
    """> `POST /v1/chat/completions` | run |"""
    door = open_door(MANTIS_TENANT_KEYS_PATH=str(keys_path), MANTIS_HOLO3_URL=f"{pool.url}/v1")
    assert "scopes" in KEYS["tok-status"]
    assert door.caller("tok-status").http.post(CHAT, json=HELLO).status_code == 403
    assert pool.asked == []


def test_completions_are_counted_by_what_became_of_them(caller: Caller, pool: SGLang):
    """
    > `mantis_chat_completions_total{tenant_id,outcome}` (ok, status_4xx, status_5xx,
    > upstream_error),
    """
    pool.then(Says("well"), Plain(404, b"{}", "application/json"), broken(), Plain(200))
    for _ in range(4):
        caller.http.post(CHAT, json=HELLO)
    text = caller.http.get("/metrics").text
    for outcome in ("ok", "status_4xx", "status_5xx", "upstream_error"):
        assert f'total{{outcome="{outcome}",tenant_id="default"}} 1.0' in text
