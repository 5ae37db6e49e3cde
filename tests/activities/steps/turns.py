"""Plays the workflow for steps that wait: asks the script, and makes the step again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue
from temporalio.testing import ActivityEnvironment

from activities.asks_store import AsksStore
from activities.steps.runner import CODE, StepRunner
from inference.asking import Answered, AskBody, GroundAsk, Grounded, Reply, Seen
from inference.decisions import ActKind
from plans.calls import Ask, AskKind, Call, Money, Outcome
from plans.prices import Usage
from plans.step import Perception, TierName
from tests.activities.steps.conftest import Bench
from workflows.interfaces import ModelAnswer, StepRequest

BOTH = (TierName.HOLO3, TierName.CLAUDE)


@dataclass(frozen=True)
class Away:
    """The model can't be reached."""

    why: str = "it can't be reached"


@dataclass(frozen=True)
class Unusable:
    """The model refused, or answered something else."""

    why: str = "it refuses to answer"


Answer = Reply | Away | Unusable
Line = Answer | Callable[[AskBody], Answer]


@dataclass
class Turns:
    """A call that is made turn by turn; `script` answers the questions, in order.

    The last line stays. `before` is done while a model is asked: the page may change then.
    `user` are the answers of the user, which are put among the run's secrets. `kept` are how
    many documents the call had after each turn that asked, `written` the texts in them.
    """

    bench: Bench
    script: Sequence[Line] = ()
    models: tuple[TierName, ...] = BOTH
    perception: Perception = Perception.AUTO
    user: Sequence[JsonValue] = ()
    before: Callable[["Turns"], object] | None = None
    cost: Money = field(default_factory=lambda: Money(gpu=100))
    asked: list[AskBody] = field(default_factory=list[AskBody])
    asks: list[Ask] = field(default_factory=list[Ask])
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    requests: list[StepRequest] = field(default_factory=list[StepRequest])
    kept: list[int] = field(default_factory=list[int])
    written: set[str] = field(default_factory=set[str])

    @property
    def store(self) -> AsksStore:
        return AsksStore(self.bench.settings.data_dir)

    async def play(self, call: Call, most: int = 30) -> Outcome:
        """Make the call, answer what it asks, and make it again, until it is over."""
        request = self.request(call)
        for _ in range(most):
            outcome = await self.turn(request)
            if outcome.ask is None:
                return outcome
            request = await self.answered(request, outcome)
        raise AssertionError(f"the step asks more than {most} times")

    def request(self, call: Call, **more: JsonValue) -> StepRequest:
        """The first turn of a call."""
        return StepRequest(
            run=self.bench.run,
            session=self.bench.ref(),
            call=call,
            perception=self.perception,
            time_left_ms=60_000,
            models=self.models,
        ).model_copy(update=more)

    async def turn(self, request: StepRequest, runner: StepRunner | None = None) -> Outcome:
        """One turn, as the worker does it; it goes over the wire both ways."""
        self.requests.append(request)
        used = runner or self.bench.runner
        code = CODE[request.call.step.type]
        sent = StepRequest.model_validate_json(request.model_dump_json())

        async def activity(request: StepRequest) -> Outcome:
            return await used.run(request, code)

        outcome = await ActivityEnvironment().run(activity, sent)
        outcome = Outcome.model_validate_json(outcome.model_dump_json())
        self.outcomes.append(outcome)
        return outcome

    def files(self) -> list[Path]:
        """The files of questions and answers that the run has."""
        run = self.bench.run
        folder = self.bench.settings.run_dir(run.tenant_id, run.run_id) / "asks"
        return [path for path in folder.rglob("*") if path.is_file()]

    def _look_at_files(self) -> None:
        files = self.files()
        documents = [path for path in files if path.suffix == ".json"]
        self.kept.append(sum(path.parent.name != "asks" for path in documents))
        self.written |= {path.read_text() for path in documents}

    async def answered(self, request: StepRequest, outcome: Outcome) -> StepRequest:
        """The next turn, with the script's answer to what this one asks."""
        ask = outcome.ask
        assert ask is not None
        self.asks.append(ask)
        self._look_at_files()
        call = request.call.model_copy(update={"turn": request.call.turn + 1})
        more: dict[str, object] = {"call": call, "progress": outcome.progress, "again": 0}
        more |= {"answer": None, "user_input": "", "session": self.bench.ref()}
        if ask.kind is AskKind.INPUT:
            more["user_input"] = await self._user()
        else:
            more["answer"] = await self.answer_to(ask)
        return request.model_copy(update=more)

    async def answer_to(self, ask: Ask) -> ModelAnswer:
        """What `perceive` or `reason` would give back."""
        assert ask.tier is not None
        body = await self.store.read(self.bench.run, ask.body)
        line = self.script[min(len(self.asked), len(self.script) - 1)]
        self.asked.append(body)
        reply = line(body) if callable(line) else line
        if self.before is not None:
            coming = self.before(self)
            if hasattr(coming, "__await__"):
                await coming  # type: ignore[misc]
        if isinstance(reply, Away):
            return ModelAnswer(tier=ask.tier, failure="unavailable", message=reply.why)
        if isinstance(reply, Unusable):
            return ModelAnswer(tier=ask.tier, failure="unusable", message=reply.why, cost=self.cost)
        usage = Usage(tier=ask.tier, model="scripted", gpu_ms=800)
        key = await self.store.write_answer(self.bench.run, Answered(reply=reply, usage=usage))
        return ModelAnswer(tier=ask.tier, body=key, cost=self.cost, duration_ms=800)

    async def _user(self) -> str:
        number = sum(one.kind is AskKind.INPUT for one in self.asks)
        name = f"secret.answer.p{number}.0"
        run = self.bench.run
        value = self.user[number - 1]
        await self.bench.ledger.secrets.add(run.tenant_id, run.run_id, name, value)
        return name


def at(name: str, act: ActKind = ActKind.CLICK, **more: object) -> Callable[[AskBody], Reply]:
    """Points at the middle of what is called so, as Holo3 does."""

    def answer(body: AskBody) -> Reply:
        assert isinstance(body, GroundAsk)
        box = shown(body, name).box
        x, y = box.x + box.width / 2, box.y + box.height / 2
        return Grounded.model_validate({"act": act, "x": x, "y": y, "confidence": 0.9} | more)

    return answer


def named(name: str, act: ActKind = ActKind.CLICK, **more: object) -> Callable[[AskBody], Reply]:
    """Names the element that is called so, as Claude does."""

    def answer(body: AskBody) -> Reply:
        assert isinstance(body, GroundAsk)
        ref = shown(body, name).ref
        return Grounded.model_validate({"act": act, "ref": ref, "confidence": 0.95} | more)

    return answer


def shown(body: AskBody, name: str) -> Seen:
    """The element of this name in what the model was shown."""
    assert isinstance(body, GroundAsk)
    found = [one for one in body.look.elements if name in (one.name, one.placeholder)]
    assert found, [one.name for one in body.look.elements]
    return next((one for one in found if one.interactive), found[0])
