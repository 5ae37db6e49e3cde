"""Pages made by hand, for what memory decides about them."""

from collections.abc import Sequence
from dataclasses import replace

from inference.decisions import ActKind, Decision, Question
from inference.memory.fingerprints import filled
from inference.memory.lessons import Lesson, lesson
from inference.memory.locator import Remembered, Standing
from inference.memory.naming import Naming, naming_of
from inference.observation import (
    Element,
    Membership,
    Observation,
    RecordBlock,
    RecordGroup,
    Rect,
)
from plans.step import Step, TierName

_PLAIN = Element(
    ref=0, frame=0, tag="button", role="button", type="", name="", text="", value="",
    placeholder="", description="", hints="", href="", before="", after="", column="",
    heading="", group="", region="main", layer="", form=-1, block=-1, records=(), options=(),
    checked=None, expanded=None, selected=None, disabled=False, readonly=False, covered=False,
    interactive=True, level=0, weight=16.0, box=Rect(0, 0, 100, 20),
)  # fmt: skip


def thing(name: str, role: str = "button", **fields: object) -> Element:
    tag = {"link": "a", "textbox": "input", "combobox": "select"}.get(role, role)
    return replace(_PLAIN, name=name, text=name, role=role, tag=tag, **fields)  # type: ignore[arg-type]


def page(*elements: Element, url: str = "https://shop.example/item/7",
         groups: Sequence[RecordGroup] = ()) -> Observation:  # fmt: skip
    placed = [
        replace(one, ref=ref, box=Rect(0, 30 * ref, 100, 20)) for ref, one in enumerate(elements)
    ]
    return Observation(
        url=url, title="", language="en", width=1280, height=800, scroll_x=0, scroll_y=0,
        page_height=2000, frames=(url,), elements=tuple(placed), blocks=(), groups=tuple(groups),
        notices=(), layers=(),
    )  # fmt: skip


def rows(*texts: str) -> RecordGroup:
    records = tuple(
        RecordBlock(text, text.split()[0], False, Rect(0, 40 * at, 400, 40))
        for at, text in enumerate(texts)
    )
    return RecordGroup(tag="tr", region="main", heading="", frame=0, records=records)


def at(ordinal: int, group: int = 0) -> dict[str, object]:
    return {"records": (Membership(group, ordinal),)}


def ask(intent: str, kind: str = "click", value: str = "", **params: str) -> Question:
    step = Step.model_validate({"intent": intent, "type": kind, "params": params})
    return Question(step=step, intent=intent, value=value or params.get("value", ""))


def teach(
    seen: Observation,
    question: Question,
    ref: int,
    planned: Step | None = None,
    naming: Naming | None = None,
    act: ActKind = ActKind.CLICK,
) -> Lesson | str:
    decision = Decision(act=act, ref=ref, confidence=1, tier=TierName.CLAUDE, text=question.value)
    naming = naming or naming_of(question, {})
    return lesson(seen, question, planned or question.step, decision, naming)


def knowing(
    question: Question,
    taught: Lesson | str,
    standing: Standing = Standing.TRUSTED,
    naming: Naming | None = None,
) -> Question:
    assert isinstance(taught, Lesson), taught
    naming = naming or naming_of(question, {})
    one = Remembered(
        key="k", act=taught.act, fingerprint=filled(taught.fingerprint, naming), standing=standing
    )
    return question.model_copy(update={"remembered": (one,)})
