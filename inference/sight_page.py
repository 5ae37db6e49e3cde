"""Looks of a step as one HTML file: pictures with boxes for people, the data for programs."""

import base64
import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from inference.sight import SeenElement, Sight, TierSight

_STYLE: Final = """body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1320px;
padding:0 1rem;color:#1b1f24;background:#fff}h1{font-size:1.4rem}
h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;margin:.6rem 0}td,th{padding:.2rem .8rem .2rem 0;text-align:left;
vertical-align:top}th{color:#57606a;font-weight:600}svg{width:100%;height:auto;border:1px solid
#d0d7de}.box{fill:none;stroke:#bf8700;stroke-width:2}.target{stroke:#1a7f37;stroke-width:4}
.tag{font:600 13px system-ui;fill:#fff}.plate{fill:#bf8700}.target-plate{fill:#1a7f37}
.muted{color:#57606a}"""
_DATA: Final = re.compile(r'<script type="application/json" id="looks">(.*?)</script>', re.DOTALL)
_SIGHTS: Final = TypeAdapter(tuple[Sight, ...])


@dataclass(frozen=True, slots=True)
class Look:
    """A sight with the JPEG of its viewport, where one was taken."""

    sight: Sight
    picture: bytes | None = None


def sight_page(heading: str, looks: Sequence[Look]) -> str:
    """The file's text. It loads nothing and runs no script; `read_sights` reads it back."""
    data = json.dumps([look.sight.model_dump(mode="json") for look in looks])
    data = data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    body = "\n".join(part for n, look in enumerate(looks, 1) for part in _look(n, look))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{html.escape(heading)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(heading)}</h1>\n{body}\n"
        f'<script type="application/json" id="looks">{data}</script></body></html>\n'
    )


def read_sights(text: str) -> tuple[Sight, ...]:
    """The sights in a file's text.

    Raises:
        ValueError: it holds none.
    """
    found = _DATA.search(text)
    if found is None:
        raise ValueError("the file holds no looks of a step")
    return _SIGHTS.validate_json(found.group(1))


def _look(number: int, look: Look) -> Iterator[str]:
    sight = look.sight
    yield f"<h2>Look {number}: {html.escape(sight.type.value)}</h2>"
    yield f"<p>{html.escape(sight.intent)}</p>"
    yield (
        f'<p class="muted">{html.escape(sight.title)} · {html.escape(sight.url)} · '
        f"{sight.elements} elements{_unread(sight)}</p>"
    )
    yield _tiers(sight.trail)
    if sight.chosen is not None:
        names = ", ".join(_called(one) for one in sight.chosen.targets) or "the page"
        onto = f" onto {_called(sight.chosen.onto)}" if sight.chosen.onto else ""
        then = ", then on" if sight.chosen.goes_on else ""
        yield f"<p><b>{html.escape(f'{sight.chosen.act} {names}{onto}{then}')}</b></p>"
    if sight.came_of:
        yield f"<p>{html.escape(sight.came_of)}</p>"
    yield _picture(look)


def _unread(sight: Sight) -> str:
    return f", {sight.unread_frames} frames unread" if sight.unread_frames else ""


def _tiers(trail: Sequence[TierSight]) -> str:
    rows = ["<tr><th>tier</th><th>outcome</th><th>sure</th><th>cost</th><th>why</th></tr>"]
    for one in trail:
        sure = "" if one.confidence is None else f"{one.confidence:.2f}"
        cells = (one.tier.value, one.outcome.replace("_", " "), sure, _dollars(one), one.why)
        rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
        for place, candidate in enumerate(one.candidates, 1):
            score = "" if candidate.score is None else f"{candidate.score:.2f}"
            text = html.escape(f"{place}. {_called(candidate)}")
            rows.append(f"<tr><td></td><td></td><td>{score}</td><td></td><td>{text}</td></tr>")
    return f"<table>{''.join(rows)}</table>"


def _dollars(tier: TierSight) -> str:
    return f"${tier.cost.total / 1_000_000:.6f}" if tier.cost.total else ""


def _called(element: SeenElement) -> str:
    return f"{element.role} “{element.name}”" if element.name else f"{element.role} without a name"


def _picture(look: Look) -> str:
    sight = look.sight
    if look.picture is None:
        return '<p class="muted">No picture was kept of this look.</p>'
    source = base64.b64encode(look.picture).decode()
    shapes: list[str] = []
    targets = sight.chosen.targets if sight.chosen else ()
    chosen = {one.ref for one in targets}
    candidates = next((one.candidates for one in reversed(sight.trail) if one.candidates), ())
    for place, candidate in enumerate(candidates, 1):
        if candidate.ref not in chosen:
            shapes.append(_shape(candidate, str(place), ""))
    shapes += [_shape(one, "target", "target") for one in targets]
    if sight.chosen is not None and sight.chosen.onto is not None:
        shapes.append(_shape(sight.chosen.onto, "onto", "target"))
    return (
        f'<svg viewBox="0 0 {sight.width:g} {sight.height:g}" role="img">'
        f'<image href="data:image/jpeg;base64,{source}" width="{sight.width:g}" '
        f'height="{sight.height:g}"/>{"".join(shapes)}</svg>'
    )


def _shape(element: SeenElement, tag: str, kind: str) -> str:
    box = element.box
    if box is None:
        return ""
    plate = f"{kind}-plate" if kind else "plate"
    width = 10 + 8 * len(tag)
    return (
        f"<g><title>{html.escape(_called(element))}</title>"
        f'<rect class="box {kind}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" '
        f'height="{box.height:g}"/><rect class="{plate}" x="{box.x:g}" y="{box.y - 18:g}" '
        f'width="{width}" height="18"/><text class="tag" x="{box.x + 5:g}" '
        f'y="{box.y - 4:g}">{html.escape(tag)}</text></g>'
    )
