import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("path", "status"), [("404", 404), ("500", 500), ("blocked", 403)])
def test_each_trouble_has_its_status(visitor: httpx.Client, path: str, status: int) -> None:
    assert visitor.get(f"/trouble/{path}").status_code == status


def test_the_blocked_page_says_so(visitor: httpx.Client) -> None:
    text = visitor.get("/trouble/blocked").text
    assert "Access denied" in text
    assert "verify you are human" in text


@pytest.mark.parametrize("path", ["/trouble/slow?ms=300", "/boats?delay_ms=300"])
def test_slow_pages_take_their_time(visitor: httpx.Client, path: str) -> None:
    start = time.monotonic()
    assert visitor.get(path).status_code == 200
    assert time.monotonic() - start >= 0.3


def test_the_endless_page_sends_headers_and_never_ends(visitor: httpx.Client) -> None:
    with (
        visitor.stream("GET", "/trouble/never", timeout=0.5) as answer,
        pytest.raises(httpx.ReadTimeout),
    ):
        assert answer.status_code == 200
        answer.read()


def test_the_oracle_tells_what_each_visitor_did(visitor: httpx.Client, demo_site: str) -> None:
    before = time.time()
    visitor.get("/boats?seller=private")
    visitor.get("/trouble/404")
    httpx.get(f"{demo_site}/boats", headers={"X-Demo-Visitor": "other"})
    httpx.get(f"{demo_site}/boats?visitor=third")
    name = visitor.cookies["hm_visitor"]
    mine = visitor.get("/_oracle/requests", params={"visitor": name}).json()["requests"]
    assert [(each["method"], each["path"], each["query"], each["status"]) for each in mine] == [
        ("GET", "/boats", "seller=private", 200),
        ("GET", "/trouble/404", "", 404),
    ]
    assert before <= mine[0]["time"] <= mine[1]["time"] <= time.time()
    everybody = visitor.get("/_oracle/requests").json()["requests"]
    assert {each["visitor"] for each in everybody} == {name, "other", "third"}


def test_a_visitor_named_by_query_keeps_the_name(visitor: httpx.Client) -> None:
    visitor.get("/boats?visitor=run-1")
    visitor.get("/boats?page=2")
    requests = visitor.get("/_oracle/requests?visitor=run-1").json()["requests"]
    assert [each["query"] for each in requests] == ["visitor=run-1", "page=2"]


def test_an_odd_visitor_name_is_made_plain(visitor: httpx.Client) -> None:
    assert visitor.get("/boats", params={"visitor": "a b;\n\u20ac"}).status_code == 200
    assert visitor.cookies["hm_visitor"] == "a_b___"


def test_no_page_links_to_the_oracle(visitor: httpx.Client) -> None:
    for path in ("/", "/boats", "/playground", "/inbox", "/account/login", "/about"):
        assert "_oracle" not in visitor.get(path).text


def test_the_small_pages_are_there(visitor: httpx.Client) -> None:
    for path in ("/sell", "/financing", "/guides", "/about", "/privacy", "/safety"):
        assert visitor.get(path).status_code == 200
    assert "Thank you" in visitor.post("/newsletter", data={"newsletter_email": "a@b.test"}).text
    assert "showroom" in visitor.get("/promo/click?ad=x").text
    assert visitor.get("/nowhere").status_code == 404


def test_the_playground_has_its_parts(visitor: httpx.Client) -> None:
    assert "playground.js" in visitor.get("/playground").text
    assert "Hello Mira" in visitor.get("/playground/frame?frame_name=Mira").text
    assert "Opened by script" in visitor.get("/playground/opened?way=script").text
    assert visitor.get("/playground/rows?after=95").json()["rows"][-1] == "Buoy 100"
    assert visitor.get("/playground/rows?after=100").json() == {"rows": []}
    disposition = visitor.get("/playground/tides.csv").headers["content-disposition"]
    assert 'filename="tides.csv"' in disposition


def test_the_command_prints_one_line_serves_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "plans.example.marketplace", "--port", "0", "--seed", "3"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        base = line.removeprefix("ready ").strip()
        answer = httpx.get(f"{base}/boats", timeout=20)
        with httpx.stream("GET", f"{base}/trouble/never", timeout=20):
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()
    assert line.startswith("ready http://127.0.0.1:")
    assert answer.status_code == 200
    assert rest == ""
    assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.parametrize("trouble", ["hang", "late", "slow"])
def test_the_whole_site_misbehaves_for_a_while(visitor: httpx.Client, trouble: str) -> None:
    asked = {"trouble": trouble, "seconds": "0.4", "delay_s": "0.3"}
    assert visitor.post("/_oracle/trouble", params=asked).status_code == 200
    began = time.monotonic()
    assert visitor.get("/_oracle/orders").status_code == 200
    assert visitor.get("/inbox").status_code == 200
    assert visitor.get("/boats").status_code == 200
    assert time.monotonic() - began >= 0.3
    time.sleep(0.2)
    began = time.monotonic()
    assert visitor.get("/boats").status_code == 200
    assert time.monotonic() - began < 0.3


def test_an_order_is_placed_before_a_late_answer_and_after_a_hang(visitor: httpx.Client) -> None:
    form = {"name": "Ann", "email": "ann@buyer.test", "terms": "yes"}
    for trouble, placed in (("late", 1), ("hang", 1)):
        asked = {"trouble": trouble, "seconds": "60"}
        visitor.post("/_oracle/trouble", params=asked)
        with pytest.raises(httpx.ReadTimeout):
            visitor.post("/boats/48201/reserve", data=form, timeout=0.5)
        assert len(visitor.get("/_oracle/orders").json()["orders"]) == placed
    visitor.post("/_oracle/reset")


@pytest.mark.parametrize("query", ["", "?trouble=fire&seconds=1", "?trouble=hang&seconds=x"])
def test_a_trouble_nobody_knows_is_refused(visitor: httpx.Client, query: str) -> None:
    assert visitor.post(f"/_oracle/trouble{query}").status_code == 400


def test_the_oracle_tells_the_codes(visitor: httpx.Client) -> None:
    form = {"email": "demo@harbor.test", "password": "harbor-demo"}
    visitor.post("/account/login", data=form)
    (code,) = visitor.get("/_oracle/codes").json()["codes"]
    assert code["code"] in visitor.get("/inbox").text
