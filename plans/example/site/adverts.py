"""Sponsored cards: they look like listings, lead elsewhere and are no search results."""

from dataclasses import dataclass
from random import Random

from plans.example.site.catalog import Catalog, Listing, dollars

TOP_POSITION = 0
MIDDLE_POSITION = 7
ADS_PER_PAGE = 2

TAGLINES = (
    "New models in stock. Delivery anywhere on the coast.",
    "Season opening offer, engine upgrade included.",
    "Factory warranty and free first service.",
    "Zero down for qualified buyers this month.",
)
SPONSORS = ("Seabright Yacht Group", "Harborline Marine Superstore", "Keel & Co. Boats")


@dataclass(frozen=True)
class Advert:
    """A paid card; `position` counts from 0 on a page with its 12 results around it."""

    id: str
    label: str
    href: str
    listing: Listing
    title: str
    price: str
    tagline: str
    sponsor: str
    position: int


def adverts_of(catalog: Catalog, page: int) -> tuple[Advert, Advert]:
    """The two paid cards of a page of results: one on top, one in the middle."""
    random = Random(page)
    first, second = random.sample(catalog.listings, ADS_PER_PAGE)
    top_id, middle_id = f"ad-{page}-top", f"ad-{page}-mid"
    return (
        _advert(random, top_id, "Sponsored", f"/promo/click?ad={top_id}", first, TOP_POSITION),
        _advert(
            random,
            middle_id,
            "Promoted",
            f"http://ads.seabright-media.test/c/{middle_id}",
            second,
            MIDDLE_POSITION,
        ),
    )


def _advert(
    random: Random, ad_id: str, label: str, href: str, listing: Listing, position: int
) -> Advert:
    return Advert(
        id=ad_id,
        label=label,
        href=href,
        listing=listing,
        title=f"2025 {listing.make} {listing.model}",
        price=f"From {dollars(int(listing.price * 1.4) // 500 * 500)}",
        tagline=random.choice(TAGLINES),
        sponsor=random.choice(SPONSORS),
        position=position,
    )
