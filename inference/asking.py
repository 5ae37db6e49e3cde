"""What a model tier is asked and what it answers, as data that outlives a process.

The host that holds the page writes an `AskBody` into the artifact store; a worker of the pool
reads it, asks its model and writes an `Answered` beside it; the host reads that and looks
whether the page is still the one that was asked about. Texts hold references (`{{secret.N}}`)
where the run knows a secret.
"""

from typing import Annotated, Literal, Protocol

from pydantic import Field, JsonValue, TypeAdapter

from inference.decisions import ActKind, Candidate, Done
from inference.observation import Box
from inference.tally import Tally
from plans.calls import Verdict
from plans.prices import Usage
from plans.step import ExtractField, Frozen, Step, TierName


class Picture(Frozen):
    """A picture in the artifact store. Sizes in its own pixels."""

    key: str
    media_type: Literal["image/png", "image/jpeg"]
    width: int
    height: int


class Seen(Frozen):
    """An element as it stood at the look; `path` as in `Element`: what tells it again later.

    `record` is the title of the row or card that it lies in. A `ref` below 0 is a picture or
    canvas, on which only places are named.
    """

    ref: int
    frame: int
    role: str
    name: str
    text: str = ""
    value: str = ""
    placeholder: str = ""
    href: str = ""
    path: str = ""
    box: Box
    interactive: bool = True
    disabled: bool = False
    checked: bool | None = None
    options: tuple[str, ...] = ()
    record: str = ""


class Look(Frozen):
    """A page as a model is shown it.

    `id` is the SHA-256 of its content. `width` and `height` are the viewport's, CSS pixels:
    what the picture shows whatever its own size. `elements` are those in view, and the
    candidates. `text` is the page's visible text, cut to what a question may cost.
    """

    id: str
    url: str
    title: str
    width: float
    height: float
    picture: Picture | None
    elements: tuple[Seen, ...] = ()
    text: str = ""


class ModelTurn(Frozen):
    """An earlier turn of the same step: what the model said, and what came of it.

    `said` is its parsed answer as JSON, word for word, so that histories only grow. `look` is
    what it was shown. `came_of` is one sentence; an answer of the user stands in it as a
    reference and is filled in when the model is asked.
    """

    look: Look
    said: JsonValue
    came_of: str


class GroundAsk(Frozen):
    """Which act, on what, a step means.

    `value` is what the step types or chooses. `act`: the act that the step's type says, None
    where the model has to choose. `candidates` are those of the tier before; `proposed` is
    the place that Holo3 named, for Claude to confirm or to correct. `budget` acts are left.
    """

    kind: Literal["ground"] = "ground"
    look: Look
    step: Step
    intent: str
    value: str = ""
    act: ActKind | None = None
    done: tuple[Done, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    proposed: "Grounded | None" = None
    turns: tuple[ModelTurn, ...] = ()
    budget: int = 8


class CheckAsk(Frozen):
    """Whether a condition holds on the page; `said` is what the tiers before could not decide."""

    kind: Literal["check"] = "check"
    look: Look
    condition: str
    said: tuple[str, ...] = ()


class ExtractAsk(Frozen):
    """What the fields of the page's record hold, or of each record of its list (`many`).

    `record_schema` is the run's own JSON Schema of a record. `known` are the values that the
    free tiers have read and are sure of.
    """

    kind: Literal["extract"] = "extract"
    look: Look
    intent: str
    entity: str = ""
    fields: tuple[ExtractField, ...]
    record_schema: dict[str, JsonValue] | None = None
    known: dict[str, str] = Field(default_factory=dict[str, str])
    many: bool = False
    most: int = 1


class TaskAsk(Frozen):
    """The next turn of the agent of a task suite, in the words of the Messages API.

    `messages` are its message params; a picture stands in them as
    `{"type": "image", "source": {"type": "artifact", "key": …, "media_type": …}}` and is read
    from the artifact store as the request is sent. `tools` are tool params.
    """

    kind: Literal["task"] = "task"
    system: str
    messages: tuple[dict[str, JsonValue], ...]
    tools: tuple[dict[str, JsonValue], ...]


AskBody = Annotated[GroundAsk | CheckAsk | ExtractAsk | TaskAsk, Field(discriminator="kind")]
ask_body: TypeAdapter[AskBody] = TypeAdapter(AskBody)


class Grounded(Frozen):
    """What to do: `act` on the element `ref` of the look, or at the place `x`, `y`.

    The place is CSS pixels of the viewport. Neither: an act on the page as a whole, or
    `ActKind.DONE`, `ActKind.WAIT`, `ActKind.INPUT` (`text` is the question to the user).
    `to_x`, `to_y` is where a drag ends. `said` goes into the history of the step.
    """

    kind: Literal["grounded"] = "grounded"
    act: ActKind
    ref: int | None = None
    x: float | None = None
    y: float | None = None
    to_x: float | None = None
    to_y: float | None = None
    text: str = ""
    confidence: float
    why: str = ""
    goes_on: bool = False
    said: JsonValue = None


class Judged(Frozen):
    """A verdict on a condition; `evidence` quotes what on the page says so."""

    kind: Literal["judged"] = "judged"
    verdict: Verdict
    evidence: str


class Extracted(Frozen):
    """Values by field, None where the page does not say.

    Nothing of it is proven yet: `inference.claude.proof` holds it against the page.
    """

    kind: Literal["extracted"] = "extracted"
    records: tuple[dict[str, str | None], ...]


class TaskTurn(Frozen):
    """The assistant's content blocks as they came, and why it stopped."""

    kind: Literal["task_turn"] = "task_turn"
    content: tuple[dict[str, JsonValue], ...]
    stop_reason: str


class NoAnswer(Frozen):
    """The model can't tell, or says that it is not there (`absent`)."""

    kind: Literal["no_answer"] = "no_answer"
    why: str
    absent: bool = False


Reply = Annotated[Grounded | Judged | Extracted | TaskTurn | NoAnswer, Field(discriminator="kind")]


class Answered(Frozen):
    """A model's reply and what it used."""

    reply: Reply
    usage: Usage


answered: TypeAdapter[Answered] = TypeAdapter(Answered)


class Pictures(Protocol):
    """Reads pictures of the artifact store."""

    async def read(self, key: str) -> bytes:
        """The bytes of a picture."""
        ...


class Model(Protocol):
    """A client of a model server, for one tenant's calls.

    `most` is the highest price of a question in micro-dollars, which is reserved before it is
    asked. `answer` asks once, without retries of its own.
    """

    name: TierName

    def most(self, ask: AskBody) -> int:
        """What asking may cost at most, micro-dollars."""
        ...

    async def answer(
        self, ask: AskBody, pictures: Pictures, tally: Tally | None = None
    ) -> Answered:
        """Ask once.

        Args:
            ask: the question.
            pictures: those that it names.
            tally: counts what each request has used as its answer comes; so it is known where
                the question is cancelled, too.

        Raises:
            ModelError: see `inference.errors`; it says whether to ask again, and what the
                failed try used.
        """
        ...
