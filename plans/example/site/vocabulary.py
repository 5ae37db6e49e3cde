"""The words that the demo catalogue is made of: makes, models, places and people."""

from dataclasses import dataclass
from typing import Literal

BoatClass = Literal["Center console", "Cruiser", "Pontoon", "Sailboat", "Fishing", "Bowrider"]


@dataclass(frozen=True)
class ModelLine:
    """A model of a make: its class, its length in feet and its price when new in dollars."""

    make: str
    model: str
    boat_class: BoatClass
    length_ft: int
    new_price: int


@dataclass(frozen=True)
class Place:
    """A harbour town with its state and a telephone area code."""

    city: str
    state: str
    area_code: str


def _lines(make: str, *models: tuple[str, BoatClass, int, int]) -> tuple[ModelLine, ...]:
    return tuple(ModelLine(make, *model) for model in models)


MODELS: tuple[ModelLine, ...] = (
    *_lines(
        "Boston Whaler",
        ("170 Montauk", "Center console", 17, 52_000),
        ("280 Outrage", "Center console", 28, 245_000),
        ("330 Outrage", "Center console", 33, 410_000),
        ("210 Vantage", "Bowrider", 21, 98_000),
    ),
    *_lines(
        "Grady-White",
        ("Freedom 275", "Center console", 27, 215_000),
        ("Canyon 306", "Center console", 30, 330_000),
        ("Fisherman 216", "Fishing", 21, 98_000),
    ),
    *_lines(
        "Sea Ray",
        ("SLX 280", "Bowrider", 28, 198_000),
        ("Sundancer 320", "Cruiser", 32, 310_000),
        ("SPX 190", "Bowrider", 19, 58_000),
    ),
    *_lines(
        "Bayliner",
        ("Element E18", "Bowrider", 18, 31_000),
        ("Ciera 8", "Cruiser", 26, 96_000),
        ("T22CC", "Center console", 22, 62_000),
    ),
    *_lines(
        "Chaparral",
        ("23 SSi", "Bowrider", 23, 84_000),
        ("Signature 270", "Cruiser", 28, 148_000),
    ),
    *_lines(
        "Robalo",
        ("R222", "Center console", 22, 79_000),
        ("R302", "Center console", 30, 265_000),
        ("R207", "Fishing", 20, 66_000),
    ),
    *_lines(
        "Yamaha",
        ("242X", "Bowrider", 24, 98_000),
        ("AR190", "Bowrider", 19, 48_000),
        ("252 FSH Sport", "Fishing", 25, 102_000),
    ),
    *_lines(
        "Bennington",
        ("22 SSRX", "Pontoon", 22, 61_000),
        ("25 QX", "Pontoon", 25, 142_000),
    ),
    *_lines(
        "Sun Tracker",
        ("Party Barge 20", "Pontoon", 20, 36_000),
        ("Fishin' Barge 22", "Pontoon", 22, 41_000),
    ),
    *_lines(
        "Tracker",
        ("Pro Team 175", "Fishing", 17, 19_500),
        ("Targa V-18", "Fishing", 18, 34_000),
    ),
    *_lines(
        "Catalina",
        ("315", "Sailboat", 31, 168_000),
        ("22 Sport", "Sailboat", 22, 32_000),
        ("425", "Sailboat", 42, 395_000),
    ),
    *_lines(
        "Beneteau",
        ("Oceanis 30.1", "Sailboat", 30, 152_000),
        ("Antares 8", "Cruiser", 27, 118_000),
        ("Flyer 7", "Center console", 23, 88_000),
    ),
    *_lines(
        "Hunter",
        ("33", "Sailboat", 33, 135_000),
        ("22", "Sailboat", 22, 29_000),
    ),
    *_lines(
        "Contender",
        ("25 Tournament", "Center console", 25, 186_000),
        ("32 ST", "Center console", 32, 345_000),
    ),
    *_lines(
        "Cobalt",
        ("R4", "Bowrider", 24, 132_000),
        ("A29", "Cruiser", 29, 246_000),
    ),
    *_lines(
        "Nordic Tugs",
        ("26", "Cruiser", 26, 230_000),
        ("34", "Cruiser", 34, 420_000),
    ),
    *_lines(
        "Ranger",
        ("Z520R", "Fishing", 20, 92_000),
        ("VS1782", "Fishing", 18, 46_000),
    ),
    *_lines(
        "Lund",
        ("1875 Pro-V", "Fishing", 18, 58_000),
        ("Rebel 1650", "Fishing", 16, 24_000),
    ),
)

PLACES: tuple[Place, ...] = (
    Place("Annapolis", "MD", "410"),
    Place("Baltimore", "MD", "443"),
    Place("Bar Harbor", "ME", "207"),
    Place("Charleston", "SC", "843"),
    Place("Clearwater", "FL", "727"),
    Place("Corpus Christi", "TX", "361"),
    Place("Fort Lauderdale", "FL", "954"),
    Place("Galveston", "TX", "409"),
    Place("Holland", "MI", "616"),
    Place("Key West", "FL", "305"),
    Place("Marblehead", "MA", "781"),
    Place("Naples", "FL", "239"),
    Place("Newport", "RI", "401"),
    Place("Norfolk", "VA", "757"),
    Place("Rockport", "TX", "361"),
    Place("San Diego", "CA", "619"),
    Place("Sarasota", "FL", "941"),
    Place("Savannah", "GA", "912"),
    Place("Seattle", "WA", "206"),
    Place("Stuart", "FL", "772"),
    Place("Tampa", "FL", "813"),
    Place("Traverse City", "MI", "231"),
    Place("Wilmington", "NC", "910"),
    Place("Woods Hole", "MA", "508"),
)

STATES: dict[str, str] = {
    "CA": "California",
    "FL": "Florida",
    "GA": "Georgia",
    "MA": "Massachusetts",
    "MD": "Maryland",
    "ME": "Maine",
    "MI": "Michigan",
    "NC": "North Carolina",
    "RI": "Rhode Island",
    "SC": "South Carolina",
    "TX": "Texas",
    "VA": "Virginia",
    "WA": "Washington",
}

PEOPLE: tuple[str, ...] = (
    "Alan P.",
    "Beth M.",
    "Carlos R.",
    "Dee W.",
    "Erin K.",
    "Frank T.",
    "Gloria S.",
    "Hank L.",
    "Irene D.",
    "Jonas B.",
    "Kim V.",
    "Luis G.",
    "Marta H.",
    "Nils E.",
    "Olive C.",
    "Pete Y.",
    "Quinn A.",
    "Rosa F.",
    "Sven O.",
    "Tess J.",
)

DEALERS: tuple[str, ...] = (
    "Blue Pelican Marine",
    "Cape Lantern Yachts",
    "Driftwood Boat Center",
    "Four Winds Boat Sales",
    "Gull & Anchor Marine",
    "Lakeline Outboards",
    "Northpoint Yacht Sales",
    "Saltgrass Marine Group",
)

FEATURES: tuple[str, ...] = (
    "Always stored on a lift, bottom paint is two seasons old.",
    "Trailer with new tires and bearings is included.",
    "Garmin chartplotter, VHF radio and a good bimini come with it.",
    "Canvas and cushions were replaced last spring.",
    "Fresh water only until 2021, flushed after every trip since.",
    "Serviced every winter, all the receipts are in a folder.",
    "New batteries, bilge pumps and navigation lights.",
    "Two owners, no accidents, clear title in hand.",
    "Trim tabs, underwater lights and a freshwater wash-down.",
    "The generator has been serviced and starts at the first turn.",
)

REASONS: tuple[str, ...] = (
    "We are moving inland and the boat has to stay near the water.",
    "The family has grown and so must the boat.",
    "I bought a bigger one and can't keep both.",
    "It deserves somebody who takes it out more than twice a year.",
    "Ready for the season, come and see it at the dock.",
    "Priced to sell before the haul-out.",
)
