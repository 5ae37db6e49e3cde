"""A run as its caller lives through it: submitted, followed, its pauses answered, judged."""

import random
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

import httpx

from tests.chaos.jobs import Job, Verdict
from tests.chaos.service import TERMINAL
from tests.chaos.site import OwnSite
from tests.e2e.live import Document

_POLL_S = 0.12
_STUCK_AFTER_S = 240.0
_ANSWER_WITHIN_S = (0.2, 1.5)


@dataclass(frozen=True)
class Seen:
    """A row of the run's events; epoch seconds. A step's `began` is its end less its time."""

    at: float
    began: float
    kind: str
    type: str
    step_index: int | None


@dataclass
class Progress:
    """What is known of a run so far; other threads read it."""

    events: list[Seen] = field(default_factory=list[Seen])
    status: str = ""
    cursor: str = ""
    result: Document | None = None

    @property
    def steps(self) -> int:
        """Executions of steps that are over."""
        return sum(event.kind == "step" for event in self.events)


class RunWatch(threading.Thread):
    """One run, from its submission to its verdict; no loss of the API stops it.

    Attributes:
        hold: while set, no pause is answered.
    """

    def __init__(self, job: Job, site: OwnSite, api: str, chance: random.Random) -> None:
        super().__init__(name=job.visitor, daemon=True)
        self.job = job
        self.progress = Progress()
        self.hold = threading.Event()
        self.run_id = ""
        self.began = self.ended = 0.0
        self.answered: list[str] = []
        self.notes: list[str] = []
        self._verdict: Verdict | None = None
        self._site = site
        self._chance = chance
        self._answer_at: dict[str, float] = {}
        self._api = httpx.Client(base_url=api, headers={"X-Mantis-Token": "chaos"}, timeout=10)

    @property
    def over(self) -> bool:
        """Whether there is a verdict."""
        return self._verdict is not None

    @property
    def verdict(self) -> Verdict:
        """How it ended."""
        assert self._verdict is not None, "the run is not over"
        return self._verdict

    def run(self) -> None:
        self.began = time.time()
        try:
            with self._api:
                self._submit()
                self._follow()
            verdict = self._judged()
        except Exception as error:  # whatever it is: the campaign reports it as this run's end
            verdict = Verdict(False, why=f"the watch broke: {error!r}")
        self.ended = time.time()
        self._verdict = verdict

    def _judged(self) -> Verdict:
        result = self.progress.result
        if result is None:
            return Verdict(False, why=f"stuck {self.progress.status}")
        return self.job.judge(result)

    def _submit(self) -> None:
        body = {"task_suite": self.job.steps, "inputs": self.job.inputs}
        deadline = time.monotonic() + _STUCK_AFTER_S
        while not self.run_id:
            answer = self._ask("POST", "/v1/predict", body, key=self.job.visitor)
            if answer is not None and answer.status_code == 200:
                self.run_id = answer.json()["run_id"]
            elif answer is not None and answer.status_code != 503:
                raise AssertionError(f"refused: {answer.status_code} {answer.text}")
            assert time.monotonic() < deadline, "the submission is not taken"
            time.sleep(_POLL_S)

    def _follow(self) -> None:
        deadline = time.monotonic() + _STUCK_AFTER_S
        while time.monotonic() < deadline:
            self._read_events()
            status = self._get("/status")
            if status is not None:
                self.progress.status = status["status"]
                if status["status"] in TERMINAL:
                    break
                if status["status"] == "paused":
                    self._answer(status)
            time.sleep(_POLL_S)
        else:
            self._ask("POST", f"/v1/runs/{self.run_id}/cancel", {})
            return
        while self.progress.result is None and time.monotonic() < deadline + 60:
            self.progress.result = self._get("/result")
        self._read_events()

    def _read_events(self) -> None:
        read = self._get(f"/events?since={quote(self.progress.cursor)}")
        for event in read["events"] if read else ():
            self.progress.cursor = event["ts"]
            at = datetime.fromisoformat(event["ts"]).timestamp()
            kind = event["kind"]
            began = at - event.get("duration", 0.0)
            seen = Seen(at, began, kind, event.get("type") or "", event.get("step_index"))
            self.progress.events.append(seen)

    def _answer(self, status: Document) -> None:
        pause_id = str(status.get("pause_id"))
        if pause_id not in self._answer_at:
            delay = self._chance.uniform(*_ANSWER_WITHIN_S)
            self._answer_at[pause_id] = time.monotonic() + delay
        if self.hold.is_set() or time.monotonic() < self._answer_at[pause_id]:
            return
        body: Document = {"pause_id": pause_id}
        if status.get("needs_input"):
            body["user_input"] = self._site.newest_code()
        answer = self._ask("POST", f"/v1/runs/{self.run_id}/resume", body)
        if answer is None or answer.status_code == 503:
            return
        if answer.status_code == 200:
            self.answered.append(pause_id)
        else:
            self.notes.append(f"resume of {pause_id}: {answer.status_code} {answer.text}")

    def _get(self, part: str) -> Document | None:
        answer = self._ask("GET", f"/v1/runs/{self.run_id}{part}")
        if answer is None or answer.status_code == 503:
            return None
        assert answer.status_code == 200, f"{part}: {answer.status_code} {answer.text}"
        document: Document = answer.json()
        return document

    def _ask(
        self, method: str, path: str, body: Document | None = None, key: str = ""
    ) -> httpx.Response | None:
        """One request; None while the API is away."""
        headers = {"Idempotency-Key": key} if key else {}
        try:
            return self._api.request(method, path, json=body, headers=headers)
        except httpx.TransportError:
            time.sleep(_POLL_S)
            return None
