"""The listings of the demo marketplace, made from a seed and always the same for it."""

import re
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Literal

from plans.example.site.vocabulary import (
    DEALERS,
    FEATURES,
    MODELS,
    PEOPLE,
    PLACES,
    REASONS,
    BoatClass,
    ModelLine,
)

LISTINGS = 300
FIRST_ID = 48_201
THIS_YEAR = 2025
LINES_PER_AREA = 100

SellerType = Literal["private", "dealer"]
HullMaterial = Literal["Fiberglass", "Aluminum"]


@dataclass(frozen=True)
class Listing:
    """A boat for sale as the pages show it; prices in whole dollars, lengths in feet.

    `phone` is None where the seller prefers messages. `was_price` is a struck-out earlier
    price, there to mislead, and None on most listings.
    """

    id: int
    year: int
    make: str
    model: str
    boat_class: BoatClass
    length_ft: int
    hull: HullMaterial
    price: int
    was_price: int | None
    hours: int
    city: str
    state: str
    seller_type: SellerType
    seller_name: str
    phone: str | None
    days_listed: int
    description: str

    @cached_property
    def title(self) -> str:
        """Year, make and model, as in the heading of the page."""
        return f"{self.year} {self.make} {self.model}"

    @cached_property
    def path(self) -> str:
        """Path of the detail page."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
        return f"/boats/{self.id}-{slug}"

    @property
    def price_text(self) -> str:
        """The price as the pages show it, such as `$98,500`."""
        return dollars(self.price)

    @property
    def location(self) -> str:
        """City and state, such as `Tampa, FL`."""
        return f"{self.city}, {self.state}"

    @property
    def has_structure(self) -> bool:
        """Whether its page carries JSON-LD and a list of specifications."""
        return self.id % 2 == 0


@dataclass(frozen=True)
class Catalog:
    """All listings in the site's own order ("Recommended")."""

    listings: tuple[Listing, ...]

    def find(self, listing_id: int) -> Listing | None:
        """The listing with this id, or None."""
        return self._by_id.get(listing_id)

    def similar_to(self, listing: Listing, count: int = 3) -> tuple[Listing, ...]:
        """Other boats of the same class, nearest in price first."""
        others = [
            other
            for other in self.listings
            if other.boat_class == listing.boat_class and other.id != listing.id
        ]
        others.sort(key=lambda other: (abs(other.price - listing.price), other.id))
        return tuple(others[:count])

    @cached_property
    def makes(self) -> tuple[str, ...]:
        """The makes on sale, in alphabetical order."""
        return tuple(sorted({listing.make for listing in self.listings}))

    @cached_property
    def states(self) -> tuple[str, ...]:
        """The states with boats on sale, in alphabetical order."""
        return tuple(sorted({listing.state for listing in self.listings}))

    @cached_property
    def _by_id(self) -> dict[int, Listing]:
        return {listing.id: listing for listing in self.listings}


def dollars(amount: int) -> str:
    """An amount of whole dollars as the pages write it."""
    return f"${amount:,}"


def build_catalog(seed: int) -> Catalog:
    """The catalogue of this seed: 300 listings, about half of them of private sellers."""
    random = Random(seed)
    lines = list(range(LINES_PER_AREA))
    random.shuffle(lines)
    listings = [_listing(random, FIRST_ID + index, lines) for index in range(LISTINGS)]
    random.shuffle(listings)
    return Catalog(tuple(listings))


def _listing(random: Random, listing_id: int, lines: list[int]) -> Listing:
    line = random.choice(MODELS)
    year = random.randint(2004, 2023)
    place = random.choice(PLACES)
    private = random.random() < 0.52
    price = _price(random, line, year)
    was_price = _rounded(price * random.uniform(1.06, 1.18)) if random.random() < 0.3 else None
    silent = random.random() < (0.12 if private else 0.03)
    number = lines[(listing_id - FIRST_ID) % LINES_PER_AREA]
    return Listing(
        id=listing_id,
        year=year,
        make=line.make,
        model=line.model,
        boat_class=line.boat_class,
        length_ft=line.length_ft,
        hull="Aluminum" if line.boat_class in ("Pontoon", "Fishing") else "Fiberglass",
        price=price,
        was_price=was_price,
        hours=random.randint(25, 140) * max(1, (THIS_YEAR - year) // 3),
        city=place.city,
        state=place.state,
        seller_type="private" if private else "dealer",
        seller_name=random.choice(PEOPLE if private else DEALERS),
        phone=None if silent else f"({place.area_code}) 555-01{number:02d}",
        days_listed=random.randint(1, 90),
        description=_description(random),
    )


def _price(random: Random, line: ModelLine, year: int) -> int:
    kept = 0.93 ** (THIS_YEAR - year)
    return _rounded(line.new_price * kept * random.uniform(0.86, 1.1))


def _rounded(amount: float) -> int:
    step = 500 if amount >= 20_000 else 50
    return int(round(amount / step) * step)


def _description(random: Random) -> str:
    first, second = random.sample(FEATURES, 2)
    return f"{first} {second} {random.choice(REASONS)}"
