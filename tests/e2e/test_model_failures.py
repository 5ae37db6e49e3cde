"""What a run does when a model fails, in each of the ways that models fail.

All runs are submitted at once to a stack of their own. A model's answers are scripted by case:
the case's name stands in the step that asks, and so in the request.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.live import Api, Document, eventually, start_stack, stop_stack
from tests.fakes import claude_answers as claude_says
from tests.fakes import sglang_answers as holo3_says
from tests.fakes.claude_api import KEY, ClaudeApi
from tests.fakes.models import filled
from tests.fakes.readers import claude_reads
from tests.fakes.serving import Loopback, Receive, Scope, Send
from tests.fakes.sglang import SGLang

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(600)]

PAGE = b"""<!doctype html><title>Desk</title><style>body{margin:0;font:20px sans-serif}
#s{position:absolute;left:400px;top:300px;width:400px;height:200px}</style>
<h1>Desk</h1><p>Letters are kept here.</p>
<dl><dt>Year</dt><dd>2019</dd><dt>Price</dt><dd>$9,000</dd></dl>
<button id=s onclick="document.querySelector('p').textContent='It is kept'">Save</button>"""
SAVE = {"x": 469, "y": 500}
"""The middle of the button, in thousandths of a picture of 1280 by 800."""
HOLDS = {"seen_in": "picture", "evidence": "letters", "verdict": "holds"}


@dataclass(frozen=True)
class Gate:
    """A condition that only Claude can decide: what it answers in turn, and what the run does.

    The last answer is given for ever. `billed`: how many of the answers are on the bill.
    `in_one`: how many of them go on within the same question, which is rounded up but once.
    `holo3`: what Holo3 says where Claude can't be asked.
    """

    answers: tuple[claude_says.Answer, ...]
    error: str | None = None
    asked: int = 1
    at_most: int = 0
    billed: int = 1
    in_one: int = 0
    says: str = ""
    holo3: str = "undecided"


@dataclass(frozen=True)
class Click:
    """A click that is asked of Holo3: what it answers in turn, and which tier clicks in the end."""

    answers: tuple[holo3_says.Answer, ...]
    tier: str = "holo3"
    asked: int = 1
    at_most: int = 0


YES = claude_says.Says(HOLDS)
GATES: dict[str, Gate] = {
    "an answer": Gate((YES,)),
    "another verdict": Gate(
        (claude_says.Says({**HOLDS, "verdict": "fails"}),),
        "gate_failed",
        asked=3,
        billed=3,
        says="letters",
    ),
    "no verdict": Gate(
        (claude_says.Says({**HOLDS, "verdict": "undecided"}),), "gate_undecided", says="letters"
    ),
    "a rate limit": Gate((claude_says.rate_limited(1), YES), asked=2),
    "an overload": Gate((claude_says.overloaded(), YES), asked=2),
    "a fault": Gate((claude_says.broken(), YES), asked=2),
    "a gateway's time-out": Gate((claude_says.timed_out(), YES), asked=2),
    "a gateway's page": Gate((claude_says.Plain(502), YES), asked=2),
    "a cut stream": Gate((claude_says.CutsOff(), YES), asked=2),
    "a silence": Gate((claude_says.Hangs(), YES), asked=2),
    "a pause": Gate((claude_says.paused(), YES), asked=2, billed=2, in_one=1),
    "half a JSON": Gate((claude_says.truncated(HOLDS), YES), asked=2, billed=2),
    "another schema": Gate((claude_says.wrong_schema(), YES), asked=2, billed=2),
    "prose": Gate((claude_says.prose(), YES), asked=2, billed=2),
    "nothing": Gate((claude_says.silence(), YES), asked=2, billed=2),
    "an answer cut short": Gate((claude_says.cut_short(), YES), asked=2, billed=2),
    "a refusal": Gate((claude_says.refusal(),), "gate_undecided", says="declines"),
    "nonsense for ever": Gate(
        (claude_says.wrong_schema(),), "gate_undecided", asked=3, billed=3, says="Claude"
    ),
    "a bad request": Gate(
        (claude_says.Fails(400, "messages: bad"),), "gate_undecided", billed=0, says="Claude"
    ),
    "a key that is no good": Gate(
        (claude_says.Fails(401, "invalid x-api-key"),), "gate_undecided", billed=0, says="key"
    ),
    "a fault while Holo3 can see it": Gate(
        (claude_says.broken(),), asked=2, at_most=8, billed=0, holo3="holds"
    ),
    "an overload for ever": Gate(
        (claude_says.overloaded(),), "gate_undecided", asked=2, at_most=8, billed=0, says="529"
    ),
}


@dataclass(frozen=True)
class Extraction:
    """A record that Claude is asked for: its answers in turn, and what the row holds then."""

    answers: tuple[claude_says.Answer, ...]
    row: tuple[str | None, str | None] = ("2019", "$9,000")
    tier: str = "claude"
    asked: int = 1
    at_most: int = 0


def _read(**values: str) -> claude_says.Says:
    pairs = [{"field": name, "value": value} for name, value in values.items()]
    return claude_says.Says({"records": [{"values": pairs}]})


READ = _read(year="2019", price="$9,000")
EXTRACTIONS: dict[str, Extraction] = {
    "values": Extraction((READ,)),
    "values of nowhere": Extraction((_read(year="1987", price="$1"),), tier="dom"),
    "an overload": Extraction((claude_says.overloaded(), READ), asked=2),
    "half a JSON": Extraction((claude_says.truncated({"records": []}), READ), asked=2),
    "a refusal": Extraction((claude_says.refusal(),), tier="dom"),
    "nonsense for ever": Extraction((claude_says.wrong_schema(),), tier="dom", asked=3),
    "a fault for ever": Extraction((claude_says.broken(),), tier="dom", asked=2, at_most=8),
}
HERE = holo3_says.Says(SAVE)
CLICKS: dict[str, Click] = {
    "a place": Click((HERE,)),
    "a rate limit": Click((holo3_says.too_many(1), HERE), asked=2),
    "a full queue": Click((holo3_says.queue_full(), HERE), asked=2),
    "a fault": Click((holo3_says.broken(), HERE), asked=2),
    "a gateway's page": Click((holo3_says.Plain(502), HERE), asked=2),
    "a cut connection": Click((holo3_says.CutsOff(SAVE), HERE), asked=2),
    "a hang": Click((holo3_says.Hangs(), HERE), asked=2),
    "half a JSON": Click((holo3_says.truncated(SAVE), HERE), asked=2),
    "another schema": Click((holo3_says.wrong_schema(), HERE), asked=2),
    "a place outside": Click((holo3_says.out_of_range(), HERE), asked=2),
    "thought alone": Click((holo3_says.thought_too_long(), HERE), asked=2),
    "whitespace": Click((holo3_says.whitespace(), HERE), asked=2),
    "nonsense for ever": Click((holo3_says.wrong_schema(),), tier="claude", asked=3),
    "a fault for ever": Click((holo3_says.broken(),), tier="claude", asked=2, at_most=8),
    "a refused schema": Click((holo3_says.Fails(400, "bad schema"),), tier="claude"),
}


def case_of(text: str) -> str:
    """The case that a request belongs to."""
    named = re.search(r"\(the case of ([^)]+)\)", text)
    assert named is not None, text
    return named[1]


@dataclass
class Script:
    """Answers of a model by case, and how often each case has asked."""

    asked: dict[str, int] = field(default_factory=dict[str, int])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def turn(self, text: str, most: dict[str, int]) -> tuple[str, int]:
        """The case that a request belongs to, and the number of the answer that is due."""
        name = case_of(text)
        with self._lock:
            at = self.asked.get(name, 0)
            self.asked[name] = at + 1
        return name, min(at, most[name] - 1)


@dataclass(frozen=True)
class Runs:
    """The runs of all cases under way."""

    api: Api
    gates: dict[str, str]
    clicks: dict[str, str]
    extractions: dict[str, str]
    of_claude: Script
    of_reading: Script
    of_holo3: Script
    claude: ClaudeApi
    holo3: SGLang


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    head = [(b"content-type", b"text/html; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": PAGE})


def gate_plan(site: str, name: str) -> list[Document]:
    condition = f"the page feels like the desk of a poet (the case of {name})"
    gate = {"gate": True, "verify": condition, "required": True}
    return [{"intent": f"Go to {site}/", "type": "navigate", **gate}]


def click_plan(site: str, name: str) -> list[Document]:
    intent = f'Click the "Save" button (the case of {name})'
    return [
        {"intent": f"Go to {site}/", "type": "navigate", "required": True},
        {"intent": intent, "type": "click", "verify": 'the page shows the text "It is kept"'},
    ]


def extraction_plan(site: str, name: str) -> list[Document]:
    intent = f"Extract Year and Price (the case of {name})"
    return [
        {"intent": f"Go to {site}/", "type": "navigate", "required": True},
        {
            "intent": intent,
            "type": "extract_data",
            "claude_only": True,
            "extract": {"fields": [{"name": "year"}, {"name": "price"}]},
        },
    ]


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    of_claude, of_reading, of_holo3 = Script(), Script(), Script()
    reads = claude_reads()
    chosen = {
        (item.originalname, item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
    }

    def claude_answer(asked: claude_says.Asked) -> claude_says.Answer:
        if "records" in (asked.schema or {}).get("properties", {}):
            name, at = of_reading.turn(
                asked.text, {name: len(case.answers) for name, case in EXTRACTIONS.items()}
            )
            return EXTRACTIONS[name].answers[at]
        if "verdict" not in (asked.schema or {}).get("properties", {}):
            return reads(asked)
        name, at = of_claude.turn(
            asked.text, {name: len(case.answers) for name, case in GATES.items()}
        )
        return GATES[name].answers[at]

    def holo3_answer(asked: holo3_says.Asked) -> holo3_says.Answer:
        schema = asked.schema or {}
        if "the case of" not in asked.text:
            return holo3_says.Says(filled(schema, x=500, y=500))
        if "verdict" in schema.get("properties", {}):
            verdict = GATES[case_of(asked.text)].holo3
            return holo3_says.Says(
                filled(schema, verdict=verdict, evidence="Letters are kept here")
            )
        name, at = of_holo3.turn(
            asked.text, {name: len(case.answers) for name, case in CLICKS.items()}
        )
        return CLICKS[name].answers[at]

    folder: Path = tmp_path_factory.mktemp("failures")
    with Loopback(_page) as site, ClaudeApi(claude_answer) as claude, SGLang(holo3_answer) as holo3:
        stack = start_stack(
            folder / "data",
            {
                "ANTHROPIC_API_KEY": KEY,
                "MANTIS_ALLOW_PRIVATE_HOSTS": "127.0.0.1:*",
                "MANTIS_ANTHROPIC_BASE_URL": claude.url,
                "MANTIS_CLAUDE_TIMEOUT_S": "8",
                "MANTIS_HOLO3_TIMEOUT_S": "8",
                "MANTIS_HOLO3_URL": f"{holo3.url}/v1",
                "MANTIS_LEASE_LINGER_S": "3",
                "MANTIS_MAX_SESSIONS": "3",
                "MANTIS_MEMORY": "off",
                "MANTIS_MODEL_PATIENCE_S": "12",
            },
        )
        try:
            api = Api(stack)
            with api.client:

                def submitted(
                    test: Callable[..., None],
                    cases: Iterable[str],
                    plan: Callable[[str, str], list[Document]],
                ) -> dict[str, str]:
                    return {
                        name: api.submit(plan(site.url, name), perception="as_planned")
                        for name in cases
                        if (test.__name__, name) in chosen
                    }

                gates = submitted(test_a_gate_that_claude_decides, GATES, gate_plan)
                clicks = submitted(test_a_click_that_holo3_is_asked_for, CLICKS, click_plan)
                extractions = submitted(
                    test_a_record_that_claude_is_asked_for, EXTRACTIONS, extraction_plan
                )
                scripts = (of_claude, of_reading, of_holo3)
                yield Runs(api, gates, clicks, extractions, *scripts, claude, holo3)
                eventually(lambda: not stack.browsers(), 60, "every browser is gone")
        finally:
            stop_stack(stack)


def billed(runs: Runs, case: str, kinds: Sequence[str]) -> list[int]:
    """What Claude has billed for a case, micro-dollars an answer."""
    return [
        one.cost
        for one in runs.claude.done
        if f"(the case of {case})" in one.asked.text
        and any(kind in (one.asked.schema or {}).get("properties", {}) for kind in kinds)
    ]


@pytest.mark.parametrize("name", GATES)
def test_a_gate_that_claude_decides(runs: Runs, name: str):
    """> `claude` (grounding, extraction, verification, planning)."""
    case = GATES[name]
    result = runs.api.wait(runs.gates[name], 400)
    asked = runs.of_claude.asked[name]
    (step,) = result["result"]["steps"]
    assert (result["status"], result.get("error")) == (
        ("failed", case.error) if case.error else ("succeeded", None)
    ), step
    assert case.asked <= asked <= max(case.asked, case.at_most)
    assert case.says in (step.get("error") or "")
    bills = billed(runs, name, ["verdict"])
    assert len(bills) == case.billed
    summary = result["summary"]
    paid = round(summary["cost_breakdown"]["claude"] * 1e6)
    assert sum(bills) - case.in_one <= paid <= sum(bills)
    assert step["cost"] == summary["cost_total"]


@pytest.mark.parametrize("name", CLICKS)
def test_a_click_that_holo3_is_asked_for(runs: Runs, name: str):
    case = CLICKS[name]
    result = runs.api.wait(runs.clicks[name], 400)
    asked = runs.of_holo3.asked[name]
    step = result["result"]["steps"][-1]
    assert result["status"] == "succeeded", step
    assert step["tier"] == case.tier, step
    assert case.asked <= asked <= max(case.asked, case.at_most)
    parts = result["summary"]["cost_breakdown"]
    assert round(parts["claude"] * 1e6) == sum(billed(runs, name, ["act"]))
    if case.tier == "holo3":
        assert parts["gpu"] > 0


@pytest.mark.parametrize("name", EXTRACTIONS)
def test_a_record_that_claude_is_asked_for(runs: Runs, name: str):
    """> `claude` (grounding, extraction, verification, planning)."""
    case = EXTRACTIONS[name]
    result = runs.api.wait(runs.extractions[name], 400)
    step = result["result"]["steps"][-1]
    assert result["status"] == "succeeded", step
    (row,) = result["result"]["rows"]
    assert (row["year"], row["price"]) == case.row
    assert step["tier"] == case.tier
    asked = runs.of_reading.asked[name]
    assert case.asked <= asked <= max(case.asked, case.at_most)
    paid = round(result["summary"]["cost_breakdown"]["claude"] * 1e6)
    assert paid == sum(billed(runs, name, ["records"]))
