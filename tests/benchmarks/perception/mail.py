"""Instructions about mails, in the ways that people word them, as steps in a mail program."""

import re

from plans.step import Params, Step, StepType

NAME = r"(?P<{}>[A-Z][\w-]+)"
MAIL = r"(?:e-?mails?|messages?|mails?)"
_SENDER = re.compile(
    rf"{MAIL} (?:by|from|of|sent by|(?:that )?(?:I|you|we) (?:got|received|have) from|I got from)"
    rf" (?P<one>[A-Z][\w-]*)"
    rf"|(?P<two>[A-Z][\w-]*)['’]s (?:\w+ )?{MAIL}"
    rf"|{MAIL} (?:that )?(?P<three>[A-Z][\w-]*) (?:has )?sent"
    rf"|(?P<four>[A-Z][\w-]*) wants (?:\w+ ){{1,3}}{MAIL}"
)
_TO = re.compile(
    r"\b(?:to|[Ss]end|[Ee]mail|[Ff]orward|[Gg]ive) "
    r"(?P<one>(?!I\b)[A-Z][\w-]*)(?!['’]s\b)\b(?! sent)"
)
_TEXT = re.compile(r"[\"“]([^\"”]+)[\"”]")
_FORWARDS = re.compile(
    r"\b(?:forward|send|sent|pass|give)\b(?!.*\bsent me\b)|\bemail [A-Z][\w-]* the\b", re.IGNORECASE
)
_REPLIES = re.compile(
    r"\b(?:reply|respond|answer|write back|tell (?:him|her|them)|message saying)\b", re.I
)
_DELETES = re.compile(r"\b(?:delete|trash|remove|get rid)\b", re.IGNORECASE)
_STARS = re.compile(r"\b(?:star|imp\w*ant|starred)\b", re.IGNORECASE)


def mail_steps(text: str) -> list[Step]:
    """The steps of an instruction about one mail; empty where it is about something else."""
    found = _SENDER.search(text)
    if found is None:
        return []
    sender = next(group for group in found.groups() if group)
    opened = Step(type=StepType.CLICK, intent=f"Find the email by {sender}")
    if _REPLIES.search(text) and (said := _TEXT.search(text)):
        return [opened, *_answer("reply", said.group(1), None)]
    if _DELETES.search(text):
        return [opened, _click("Click the trash icon to delete it")]
    if _STARS.search(text):
        return [opened, _click("Click the star icon to mark it as important")]
    if _FORWARDS.search(text):
        others = [one for one in _TO.findall(text) if one != sender]
        return [opened, *_answer("forward", "", others[0])] if others else []
    return []


def _click(intent: str) -> Step:
    return Step(type=StepType.CLICK, intent=intent)


def _answer(verb: str, text: str, person: str | None) -> list[Step]:
    steps = [_click(f"Click {verb}")]
    value = text or person or ""
    intent = (
        f'Enter "{person}" as the recipient (to)'
        if person
        else f'Write "{text}" as the reply message'
    )
    label = "To" if person else None
    steps.append(
        Step(type=StepType.FILL_FIELD, intent=intent, params=Params(value=value, label=label))
    )
    return [*steps, _click("Click send")]
