"""Turn an instruction in plain words into plan steps, by general rules of English."""

import re

from plans.step import Params, Step, StepType

QUOTE = r"[\"“]([^\"”]*)[\"”]"
SPLIT = re.compile(
    r"(?:,|\.|;)?\s*\b(?:and then|then find and|then|and (?=(?:click|press|hit|submit|find|reply"
    r"|forward|select|enter|type|delete)\b))\s*|\.\s+|,\s*(?=(?:enter|click|press|type|select|reply)\b)",
    re.IGNORECASE,
)
LEAD = re.compile(r"^(?:find and |to |please |by )+", re.IGNORECASE)


def plan(utterance: str) -> list[Step]:
    """The steps of the instruction, in order; empty when it can't be read."""
    text = re.sub(r"\s+", " ", utterance).strip()
    if re.match(r"(?i)select [^\"]+ ?> ?", text):
        path = re.sub(r"(?i)^select ", "", text).rstrip(".").split(">")
        *parents, last = [part.strip() for part in path]
        return [*(click(f'Hover over "{part}"') for part in parents), click(f'Click "{last}"')]
    held = {f"§{at}§": found for at, found in enumerate(re.findall(QUOTE, text))}
    for mark, found in held.items():
        text = text.replace(f'"{found}"', mark, 1)
    if re.match(r"(?i)for the ", text):
        return [click(utterance)]
    steps: list[Step] = []
    for clause in SPLIT.split(text):
        if re.match(
            r"(?i)(?:find$|(?:switch between|navigate through|expand the sections)\b)", clause
        ):
            continue
        steps += clause_steps(unmark(LEAD.sub("", clause.strip(" .,")), held))
    if len(steps) > 1 and steps[-1].type in (StepType.FILL_FIELD, StepType.SELECT_OPTION):
        steps.append(click("Click submit"))
    return steps


def unmark(text: str, held: dict[str, str]) -> str:
    for mark, found in held.items():
        text = text.replace(mark, f'"{found}"')
    return text


def click(intent: str) -> Step:
    return Step(type=StepType.CLICK, intent=intent)


def fill(intent: str, value: str, label: str | None = None) -> Step:
    return Step(type=StepType.FILL_FIELD, intent=intent, params=Params(value=value, label=label))


def clause_steps(clause: str) -> list[Step]:
    lower = clause.lower()
    if not clause:
        return []
    if lower.startswith(("enter", "type", "use the textbox")):
        return fills(clause)
    if lower.startswith(("select", "choose")):
        return choices(clause)
    if found := re.match(rf"(?i)(reply|forward)\b.*?(?:text {QUOTE}|to (\w+))?$", clause):
        return answer(found)
    if lower.startswith("scroll"):
        return [Step(type=StepType.SCROLL, intent=clause)]
    if re.match(r"(?i)(?:submit|search)$", clause):
        return [click(f"Press {clause}")]
    return [click(clause)]


def fills(clause: str) -> list[Step]:
    pairs = re.findall(rf"(?i)the (\w+) {QUOTE}", clause)
    if len(pairs) > 1:
        return [fill(f'Enter "{value}" as the {label}', value, label) for label, value in pairs]
    quoted = re.findall(QUOTE, clause)
    if not quoted:
        found = re.match(r"(?i)enter (.+?) as the (\w+)", clause)
        if not found:
            return [fill(clause, "")]
        return [fill(clause, found.group(1), found.group(2))]
    value = quoted[0]
    if "both" in clause.lower():
        return [
            fill(f'Enter "{value}" into the {ordinal} text field', value)
            for ordinal in ("first", "second")
        ]
    return [fill(clause, value)]


def choices(clause: str) -> list[Step]:
    found = re.match(r"(?i)(?:select|choose) (.+?)(?: from the ([\w ]+)| as the (\w+))?$", clause)
    if not found:
        return [click(clause)]
    wanted, source, label = found.groups()
    if source:
        values = re.split(r",\s*(?:and )?|\s+and\s+", wanted)
        return [
            Step(
                type=StepType.SELECT_OPTION,
                intent=f"Choose {value} from the {source}",
                params=Params(value=value),
            )
            for value in values
        ]
    if label:
        return [fill(clause, wanted, label)]
    if re.match(r"(?i)(?:nothing|words? similar)", wanted):
        return [] if wanted.lower() == "nothing" else [click(clause)]
    parts = re.split(r",\s*(?:and )?|\s+and\s+", wanted)
    return [click(f'Select "{part.strip(chr(34))}"') for part in parts if part]


def answer(found: re.Match[str]) -> list[Step]:
    verb, text, person = found.groups()
    steps = [click(f"Click {verb}")]
    if text:
        steps.append(fill(f'Write "{text}" as the reply message', text))
    elif person:
        steps.append(fill(f'Enter "{person}" as the recipient (to)', person, "To"))
    return [*steps, click("Click send")]
