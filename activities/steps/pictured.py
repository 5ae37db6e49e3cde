"""Targets that are only text in a picture: read where the page's own words don't name them."""

from typing import Final

from playwright.async_api import Page

from activities.browser.picture_texts import TIME_S, PictureTexts
from activities.browser.snapshot import Snapshot
from inference.cascade import Answer, told
from inference.decisions import DontKnow, DontKnowReason, Question
from inference.dom.tier import decide
from inference.ocr.reading import INSTALL, READ_FOR, in_picture, unread

_NOT_NAMED = (DontKnowReason.ABSENT, DontKnowReason.UNSURE, DontKnowReason.UNREADABLE)
UNREAD: Final = "text in pictures was not read in time"
"""What a step notes that went on without it."""
_FAIR = 0.5
"""Several elements that fit alike, but none by this score, don't name the target either."""


async def decide_in_pictures(
    texts: PictureTexts,
    page: Page,
    snapshot: Snapshot,
    question: Question,
    *,
    time_s: float = TIME_S,
) -> Answer | None:
    """The answer where the target is a text in a picture in view, else None.

    Pictures are read only where the page's own words don't name the target; the texts are in
    the snapshot afterwards.

    Raises:
        TimeoutError: where the pictures were not read within `time_s`.
    """
    if not texts.equipped or not snapshot.observation.pictures:
        return None
    if question.step.type not in READ_FOR or not _not_named(decide(snapshot.observation, question)):
        return None
    if not await texts.take_in(page, snapshot, time_s=time_s):
        return None
    found = in_picture(snapshot.observation, question.step, decide(snapshot.observation, question))
    return None if found is None else told(found)


def with_advice(
    texts: PictureTexts, snapshot: Snapshot, question: Question, answer: Answer
) -> Answer:
    """The answer; a don't-know says where pictures were in view that nothing could read."""
    result = answer.result
    if texts.equipped or question.step.type not in READ_FOR or not isinstance(result, DontKnow):
        return answer
    if not _not_named(result) or not unread(snapshot.observation):
        return answer
    advised = result.model_copy(update={"why": f"{result.why}; {INSTALL}"})
    return answer.model_copy(update={"result": advised})


def _not_named(result: object) -> bool:
    if not isinstance(result, DontKnow):
        return False
    if result.reason is DontKnowReason.AMBIGUOUS:
        return max((one.score for one in result.candidates), default=0.0) < _FAIR
    return result.reason in _NOT_NAMED
