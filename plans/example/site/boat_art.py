"""Pictures of boats, drawn from the listing: an inline SVG instead of a photograph."""

from random import Random

from plans.example.site.catalog import Listing
from plans.example.site.html import Html
from plans.example.site.vocabulary import BoatClass

SKIES = (
    ("#8ec5e8", "#eaf5fb"),
    ("#f2b48c", "#fbe9da"),
    ("#9fb4c7", "#e8eef3"),
    ("#6fb1d6", "#d9effa"),
    ("#c3b2dd", "#f4e9f3"),
    ("#7cc4c4", "#e4f5f1"),
)
SEAS = ("#2f6f8f", "#35788a", "#22577a", "#3b7f86", "#2c5f7c")
HULLS = ("#ffffff", "#f4f1ea", "#1f3a52", "#b33a3a", "#2d6a6a", "#dfe6ea", "#20324a")
TRIMS = ("#c9a66b", "#274060", "#b5483a", "#6b7f8e", "#2a7f78")

_HULL = '<path d="M{a} 190 L{b} 190 Q{c} 226 {d} 232 L{e} 232 Q{f} 214 {a} 190Z" fill="{hull}"/>'
_STRIPE = '<path d="M{a} 200 L{b} 200" stroke="{trim}" stroke-width="5"/>'


def boat_svg(listing: Listing, label: str | None = None) -> Html:
    """A picture of this boat in 400 × 300 units; `label` names it for screen readers."""
    random = Random(listing.id)
    top, bottom = random.choice(SKIES)
    sea = random.choice(SEAS)
    hull = random.choice(HULLS)
    trim = random.choice(TRIMS)
    sky_id = f"sky{listing.id}"
    sun = f'<circle cx="{random.randint(60, 340)}" cy="{random.randint(45, 95)}" r="22"'
    hills = _hills(random)
    name = (label or listing.title).replace("&", "&amp;").replace('"', "&quot;")
    return Html(
        f'<svg viewBox="0 0 400 300" role="img" aria-label="{name}" '
        f'preserveAspectRatio="xMidYMid slice">'
        f'<defs><linearGradient id="{sky_id}" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{top}"/><stop offset="1" stop-color="{bottom}"/>'
        f"</linearGradient></defs>"
        f'<rect width="400" height="300" fill="url(#{sky_id})"/>'
        f'{sun} fill="#fff6de" opacity=".8"/>{hills}'
        f'<rect y="212" width="400" height="88" fill="{sea}"/>'
        f"{_boat(listing.boat_class, hull, trim)}{_waves(random)}</svg>"
    )


def _hills(random: Random) -> str:
    first, second = random.randint(150, 185), random.randint(160, 195)
    return (
        f'<path d="M0 214 Q80 {first} 170 206 T400 {second} V214Z" fill="#5d7d74" opacity=".45"/>'
    )


def _waves(random: Random) -> str:
    rows: list[str] = []
    for row in range(4):
        y = 236 + row * 16
        x = random.randint(-40, 0)
        rows.append(
            f'<path d="M{x} {y} q25 -7 50 0 t50 0 t50 0 t50 0 t50 0 t50 0 t50 0 t50 0 t50 0" '
            f'fill="none" stroke="#fff" stroke-opacity=".28" stroke-width="2.5"/>'
        )
    return "".join(rows)


def _boat(boat_class: BoatClass, hull: str, trim: str) -> str:
    match boat_class:
        case "Sailboat":
            return (
                f'<path d="M205 40 V190" stroke="#6b5b4b" stroke-width="5"/>'
                f'<path d="M211 48 Q292 120 300 178 L211 178Z" fill="#fdfdfb"/>'
                f'<path d="M199 60 Q140 130 122 178 L199 178Z" fill="{trim}" opacity=".88"/>'
                + _keel(95, 312, hull, trim)
            )
        case "Pontoon":
            return (
                f'<path d="M130 112 H292" stroke="{trim}" stroke-width="12"/>'
                f'<path d="M142 112 V165 M282 112 V165" stroke="#8a949b" stroke-width="4"/>'
                f'<rect x="92" y="160" width="236" height="42" rx="6" fill="{hull}"/>'
                f'<rect x="92" y="176" width="236" height="7" fill="{trim}"/>'
                f'<rect x="78" y="204" width="262" height="22" rx="11" fill="#b9c3c9"/>'
            )
        case "Cruiser":
            return (
                f'<path d="M150 190 L166 134 H268 L292 190Z" fill="#fbfbf9"/>'
                f'<path d="M172 148 H212 V172 H165Z M220 148 H262 L272 172 H220Z" fill="#38536a"/>'
                f'<path d="M178 134 L186 108 H254 L262 134Z" fill="{hull}" opacity=".9"/>'
                + _keel(78, 338, hull, trim)
            )
        case "Center console":
            return (
                f'<path d="M176 112 H256" stroke="{hull}" stroke-width="11"/>'
                f'<path d="M186 116 V186 M246 116 V186" stroke="#8a949b" stroke-width="4"/>'
                f'<path d="M198 190 L204 150 H236 L242 190Z" fill="#f7f7f4"/>'
                f'<path d="M206 154 H233 L236 168 H203Z" fill="#38536a"/>'
                f'<rect x="82" y="166" width="20" height="46" rx="6" fill="#2b3238"/>'
                + _keel(90, 336, hull, trim)
            )
        case "Fishing" | "Bowrider":
            return (
                f'<path d="M196 190 L224 158 H246 L250 190Z" fill="#4b677c" opacity=".85"/>'
                f'<rect x="128" y="170" width="40" height="22" rx="5" fill="{trim}"/>'
                f'<rect x="84" y="164" width="20" height="48" rx="6" fill="#2b3238"/>'
                + _keel(92, 326, hull, trim)
            )


def _keel(left: int, right: int, hull: str, trim: str) -> str:
    body = _HULL.format(
        a=left, b=right, c=right - 18, d=right - 62, e=left + 30, f=left + 8, hull=hull
    )
    return body + _STRIPE.format(a=left + 5, b=right - 5, trim=trim)
