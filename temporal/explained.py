"""A step and its looks as lines of a terminal."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue
from rich.text import Text

from inference.sight import SeenElement, Sight, TierSight
from plans.json_text import canonical_json

_LONGEST = 200


def step_lines(body: Mapping[str, JsonValue]) -> Iterator[Text]:
    """What the step was and what became of it, from its event."""
    success = body.get("success") is True
    head = Text(f"Step {body.get('index')} {body.get('type')}: ", style="bold")
    head.append(str(body.get("intent", "")))
    yield head
    how = Text("  passed" if success else "  failed", style="green" if success else "red")
    if tier := body.get("tier"):
        how.append(f", answered by {tier}", style="default")
    confidence = body.get("confidence")
    if isinstance(confidence, int | float):
        how.append(f", {confidence:.2f} sure", style="default")
    how.append(f", {_number(body.get('duration')):.2f} s", style="default")
    how.append(f", try {body.get('attempts')}", style="default")
    yield how
    for name in ("failure_class", "error", "note", "url"):
        if value := body.get(name):
            yield Text(f"  {name.replace('_', ' ')}: {value}"[:_LONGEST])
    notes = body.get("notes")
    for note in notes if isinstance(notes, list) else ():
        yield Text(f"  note: {note}"[:_LONGEST])
    if (data := body.get("data")) is not None:
        yield Text(f"  data: {canonical_json(data)}"[:_LONGEST])


def look_lines(number: int, sight: Sight) -> Iterator[Text]:
    """What the tiers saw and made of it."""
    unread = f", {sight.unread_frames} frames unread" if sight.unread_frames else ""
    yield Text(
        f"  Look {number}: {sight.elements} elements{unread} on {sight.title!r} ({sight.url})"
    )
    for tier in sight.trail:
        yield from _tier_lines(tier)
    chosen = sight.chosen
    if chosen is None:
        yield Text("    nothing was chosen", style="yellow")
        return
    names = ", ".join(_called(one) for one in chosen.targets) or "the page"
    onto = f" onto {_called(chosen.onto)}" if chosen.onto else ""
    more = ", then to look again" if chosen.goes_on else ""
    yield Text(f"    chosen: {chosen.act} {names}{onto}{more}", style="green")
    if sight.came_of:
        yield Text(f"    {sight.came_of}")


def row_lines(body: Mapping[str, JsonValue]) -> Iterator[Text]:
    """A row that the step read: each field with where it was read."""
    row = body.get("row")
    fields = row.get("fields") if isinstance(row, dict) else None
    if not isinstance(row, dict) or not isinstance(fields, dict):
        return
    yield Text(f"  Row {row.get('url') or body.get('url') or ''}"[:_LONGEST])
    for name, read in fields.items():
        if isinstance(read, dict):
            yield Text(f"    {name}: {_read(read)}"[:_LONGEST])


def _read(read: Mapping[str, JsonValue]) -> str:
    value = read.get("value")
    said = "none" if value is None else repr(value)
    parts = [f"from {read['source']}" if read.get("source") else ""]
    if raw := read.get("raw"):
        parts.append(f"reads {raw!r}" if raw != value else "")
    if confidence := read.get("confidence"):
        parts.append(f"{_number(confidence):.2f} sure")
    parts.append(str(read.get("element") or ""))
    return ", ".join([said, *filter(None, parts)])


def _tier_lines(tier: TierSight) -> Iterator[Text]:
    line = Text(f"    {tier.tier.value:7}{tier.outcome.replace('_', ' ')}")
    if tier.confidence is not None:
        line.append(f", {tier.confidence:.2f} sure")
    if tier.cost.total:
        line.append(f", ${tier.cost.total / 1_000_000:.6f}")
    if tier.why:
        line.append(f": {tier.why}")
    yield line
    for candidate in tier.candidates:
        score = "    " if candidate.score is None else f"{candidate.score:.2f}"
        yield Text(f"           {score}  {_called(candidate)}", style="dim")


def _called(element: SeenElement) -> str:
    return f"{element.role} {element.name!r}" if element.name else f"{element.role} without a name"


def _number(value: JsonValue) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
