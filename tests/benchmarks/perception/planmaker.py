"""Turn an instruction in plain words into plan steps, by general rules of English.

The steps are worded as a backend developer words a plan: the same words, each act a step of
its own, names of things in quotes. What a step means on the page is the tier's to find out.
"""

import re
from collections.abc import Callable

from plans.step import Extract, ExtractField, Params, Step, StepType
from tests.benchmarks.perception.mail import mail_steps

QUOTE = r"[\"“]([^\"”]*)[\"”]"
VERBS = (
    r"click|press|hit|submit|find|reply|forward|select|choose|enter|type|delete|paste|wait|drag"
    r"|scroll|copy|check|buy|search"
)
SPLIT = re.compile(
    rf"(?:,|\.|;)?\s*\b(?:and then|then|(?<!find )and (?=(?:{VERBS})\b))\s*"
    rf"|\.\s+|,\s*(?=(?:{VERBS})\b)|\s+(?=hit submit\b)",
    re.IGNORECASE,
)
LEAD = re.compile(r"^(?:find and |to |please |by |and )+", re.IGNORECASE)
LOOKS_AROUND = re.compile(
    r"(?i)^(?:switch between|navigate through|expand|go through|look through)\b.*?"
    r"(?:\bto|\.)\s+(?=find\b)"
)
LONG = 40
"""Budget of a step that may have to open or turn many things."""


def plan(utterance: str) -> list[Step]:
    """The steps of the instruction, in order; empty when it can't be read."""
    text = re.sub(r"\s+", " ", utterance).strip()
    if steps := mail_steps(text):
        return steps
    for pattern, steps_of in WHOLE:
        if found := re.fullmatch(pattern, text, re.IGNORECASE):
            return steps_of(found)
    search = LOOKS_AROUND.match(text)
    text = LOOKS_AROUND.sub("", text)
    held = {f"§{at}§": found for at, found in enumerate(re.findall(QUOTE, text))}
    for mark, found in held.items():
        text = text.replace(f'"{found}"', mark, 1)
    steps: list[Step] = []
    if search:
        return [look_for(unmark(text, held))]
    for clause in SPLIT.split(text):
        words = unmark(clause.strip(" .,"), held)
        if re.match(r"(?i)find and click\b", words):
            steps.append(look_for(words))
        else:
            steps += clause_steps(LEAD.sub("", words))
    if steps and steps[-1].type in (StepType.FILL_FIELD, StepType.SELECT_OPTION):
        steps.append(submit("Submit"))
    return steps


def unmark(text: str, held: dict[str, str]) -> str:
    for mark, found in held.items():
        text = text.replace(mark, f'"{found}"')
    return text


def click(intent: str, budget: int = 8) -> Step:
    return Step(type=StepType.CLICK, intent=intent, budget=budget)


def look_for(intent: str) -> Step:
    return click(intent, LONG)


def submit(name: str) -> Step:
    return click(f'Click the "{name}" button')


def fill(intent: str, value: str, label: str | None = None, budget: int = 8) -> Step:
    return Step(
        type=StepType.FILL_FIELD,
        intent=intent,
        params=Params(value=value, label=label),
        budget=budget,
    )


def read(*names: str) -> Step:
    fields = tuple(ExtractField(name=name) for name in names)
    return Step(
        type=StepType.EXTRACT_DATA,
        intent=f"Read {', '.join(names)}",
        extract=Extract(fields=fields),
        out_var="page",
    )


def key(keys: str) -> Step:
    return Step(type=StepType.KEY_PRESS, intent=f"Press {keys}", params=Params(keys=keys))


def clause_steps(clause: str) -> list[Step]:
    if not clause:
        return []
    for pattern, steps_of in CLAUSES:
        if found := re.fullmatch(pattern, clause, re.IGNORECASE):
            return steps_of(found)
    lower = clause.lower()
    if lower.startswith(("enter", "type", "use the textbox")):
        return fills(clause)
    if lower.startswith(("select", "choose")):
        return choices(clause)
    if lower.startswith("scroll"):
        return [Step(type=StepType.SCROLL, intent=clause)]
    return [click(clause)]


def fills(clause: str) -> list[Step]:
    pairs = re.findall(rf"(?i)the (\w+) {QUOTE}", clause)
    if len(pairs) > 1:
        return [fill(f'Enter "{value}" as the {label}', value, label) for label, value in pairs]
    quoted = re.findall(QUOTE, clause)
    if not quoted:
        found = re.match(r"(?i)enter (.+?) as the (\w+)", clause)
        if not found:
            return [Step(type=StepType.FILL_FIELD, intent=clause)]
        return [fill(clause, found.group(1), found.group(2), LONG)]
    value = quoted[0]
    if re.search(r"(?i)\bupper ?case\b", clause):
        value = value.upper()
        return [fill(f'Enter "{value}" into the text field', value)]
    if re.search(r"(?i)\blower ?case\b", clause):
        value = value.lower()
        return [fill(f'Enter "{value}" into the text field', value)]
    if "both" in clause.lower():
        return [
            fill(f'Enter "{value}" into the {ordinal} text field', value)
            for ordinal in ("first", "second")
        ]
    if re.search(r"(?i)\b(?:starts|ends|begins) with\b", clause):
        return [Step(type=StepType.SELECT_OPTION, intent=clause)]
    return [fill(clause, value)]


def parts_of(text: str) -> list[str]:
    """The members of a list; where commas part them, "and" does so before the last one only."""
    parts = re.split(r",\s*(?:and )?", text)
    if len(parts) == 1:
        parts = re.split(r"\s+and\s+", text)
    return [part.strip(' "') for part in parts if part]


def choices(clause: str) -> list[Step]:
    found = re.match(r"(?i)(?:select|choose) (.+?)(?: from the ([\w ]+)| as the (\w+))?$", clause)
    if not found:
        return [click(clause)]
    wanted, source, label = found.groups()
    if source:
        values = parts_of(wanted)
        value = values[0] if len(values) == 1 else list(values)
        intent = f"Choose {' and '.join(values)} from the {source}"
        params = Params(value=value)
        return [Step(type=StepType.SELECT_OPTION, intent=intent, params=params)]
    if label:
        return [fill(clause, wanted, label, LONG)]
    if wanted.lower() == "nothing":
        return []
    parts = parts_of(wanted)
    if len(parts) == 1 or re.match(r"(?i)(?:all|words?|the)\b", wanted):
        return [click(clause if len(parts) > 1 or " " in wanted else f'Select "{wanted}"')]
    return [click("Select " + ", ".join(f'"{part}"' for part in parts))]


def copied(found: re.Match[str]) -> list[Step]:
    return [
        click(f"Focus into the {found.group('from')}"),
        key("Control+A"),
        key("Control+C"),
        click(f"Focus into the {found.group('to')}"),
        key("Control+V"),
        submit("Submit"),
    ]


def movies(found: re.Match[str]) -> list[Step]:
    genre, director, year = found.groups()
    return [
        fill(f'Enter "{genre}" as the genre', genre, "Genre"),
        fill(f'Enter "{director}" as the director', director, "Director"),
        fill(f'Enter "{year}" as the year', year, "Year"),
        Step(type=StepType.SUBMIT, intent="Search"),
    ]


def flight(found: re.Match[str]) -> list[Step]:
    which, start, end, day = found.groups()
    return [
        fill(f'Enter "{start}" as From', start, "From"),
        fill(f'Enter "{end}" as To', end, "To"),
        fill(f"Select {day} as the departure date", day, "Departure Date", LONG),
        submit("Search"),
        click(f"Book the {which} flight", 8),
    ]


def order(found: re.Match[str]) -> list[Step]:
    items = [part.strip() for part in found.group(1).split(",")]
    return [*(click(f'Click "+" of "{item}"') for item in items), click('Click the "Order" button')]


def sliders(found: re.Match[str]) -> list[Step]:
    values = [part.strip() for part in found.group(1).split(",")]
    ordinals = ("1st", "2nd", "3rd", "4th", "5th")
    return [
        fill(f"Set the {ordinal} slider to {value}", value)
        for ordinal, value in zip(ordinals, values, strict=False)
    ] + [submit("Submit")]


Rule = tuple[str, Callable[[re.Match[str]], list[Step]]]

WHOLE: tuple[Rule, ...] = (
    (
        r"(?:select|choose) ([^\">]+(?:>[^\">]+)+)",
        lambda found: [look_for(f'Select "{found.group(1)}"')],
    ),
    (
        r"for (?:the )?(?:\w+ )?(\S+), (?P<act>click .+?)\.?",
        lambda found: [click(f"{found.group('act')} of {found.group(1)}")],
    ),
    (
        r"find (\S+) in the (.+?) and click on their (.+?)\.?",
        lambda found: [look_for(f'Find and click the {found.group(3)} of "{found.group(1)}"')],
    ),
    (
        r"expand (the .+?)(?: below)? and (click on the .+? labeled .+)",
        lambda found: [look_for(f"Expand {found.group(1)} to find and {found.group(2)}")],
    ),
    (
        r"buy the (\w+) with the ((?:most |least )?\w+) (\w+)\.?",
        lambda found: [
            click(f"Book the {found.group(1)} with the {found.group(2)} {found.group(3)}")
        ],
    ),
    (
        r"copy the text (?:in|from) the (?P<from>.+?)(?: below)?(?:,| and) paste it into the"
        r" (?P<to>.+?)(?:,? and|, then) press submit\.?",
        copied,
    ),
    (r"order one of each item: (.+?)\.?", order),
    (r"search for (\w+) movies directed by (\w+) from year (\d+)\.?", movies),
    (r"book the (\w+) one-way flight from: (.+?) to: (.+?) on (\S+?)\.?", flight),
    (r"set the sliders to the combination \[(.+?)\] and submit\.?", sliders),
)
CLAUSES: tuple[Rule, ...] = (
    (r"find|locate|look", lambda _: []),
    (
        r"wait (\d+) seconds?",
        lambda found: [
            Step(
                type=StepType.WAIT,
                intent=found.group(0),
                params=Params(seconds=float(found.group(1))),
            )
        ],
    ),
    (
        r"(?:click |press |hit |push )?(?:the )?(submit|search)(?: button)?"
        r"(?: when (?:done|finished))?",
        lambda found: [submit(found.group(1).capitalize())],
    ),
    (
        r"(?:click|press|hit) login",
        lambda found: [Step(type=StepType.SUBMIT, intent="Log in")],
    ),
    (
        r"enter the value of (.+?) into the (.+)",
        lambda found: [
            read(found.group(1)),
            fill(f"Enter it into the {found.group(2)}", f"{{{{page.{found.group(1)}}}}}"),
        ],
    ),
    (
        r"select (-?\d+) with the (\w+)",
        lambda found: [fill(f"Set the {found.group(2)} to {found.group(1)}", found.group(1))],
    ),
    (
        r"create a line .*|draw .*|keep .*|solve .*|guess .*|generate .*|playing .*|count .*"
        r"|mark the numbers .*|sort .*",
        lambda found: [click(found.group(0))],
    ),
)
