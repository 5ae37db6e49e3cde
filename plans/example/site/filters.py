"""What a visitor asked the list of boats for: filters, order and page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlencode

from plans.example.site.catalog import Catalog, Listing, SellerType, dollars
from plans.example.site.vocabulary import STATES

PAGE_SIZE = 12

Sort = Literal["recommended", "price_asc", "price_desc", "year_desc"]

SORTS: dict[Sort, str] = {
    "recommended": "Recommended",
    "price_asc": "Price: low to high",
    "price_desc": "Price: high to low",
    "year_desc": "Year: newest first",
}
SELLERS: dict[SellerType, str] = {"private": "Private seller", "dealer": "Dealer"}


@dataclass(frozen=True)
class Chip:
    """An applied filter and the search without it."""

    label: str
    without: "BoatSearch"


@dataclass(frozen=True)
class BoatSearch:
    """A search for boats; None or "" where nothing was asked.

    `broken` holds ordinals within the whole result, from 1, whose links lead to a page
    that fails on purpose.
    """

    seller: SellerType | None = None
    state: str = ""
    make: str = ""
    min_price: int | None = None
    max_price: int | None = None
    text: str = ""
    sort: Sort = "recommended"
    broken: frozenset[int] = frozenset()

    def results(self, catalog: Catalog) -> tuple[Listing, ...]:
        """The matching listings in the asked order."""
        found = [listing for listing in catalog.listings if self._matches(listing)]
        match self.sort:
            case "recommended":
                pass
            case "price_asc":
                found.sort(key=lambda listing: listing.price)
            case "price_desc":
                found.sort(key=lambda listing: -listing.price)
            case "year_desc":
                found.sort(key=lambda listing: -listing.year)
        return tuple(found)

    def heading(self) -> str:
        """What the page calls this search, such as `Boats for sale by private sellers`."""
        words = [f"{self.make} boats for sale" if self.make else "Boats for sale"]
        if self.seller == "private":
            words.append("by private sellers")
        if self.seller == "dealer":
            words.append("by dealers")
        if self.state:
            words.append(f"in {STATES.get(self.state, self.state)}")
        return " ".join(words)

    def chips(self) -> tuple[Chip, ...]:
        """The applied filters, each with the search that is left without it."""
        chips: list[Chip] = []
        if self.seller:
            label = "Private sellers" if self.seller == "private" else "Dealers"
            chips.append(Chip(label, replace(self, seller=None)))
        if self.make:
            chips.append(Chip(self.make, replace(self, make="")))
        if self.state:
            chips.append(Chip(STATES.get(self.state, self.state), replace(self, state="")))
        if self.min_price is not None:
            chips.append(Chip(f"From {dollars(self.min_price)}", replace(self, min_price=None)))
        if self.max_price is not None:
            chips.append(Chip(f"Up to {dollars(self.max_price)}", replace(self, max_price=None)))
        if self.text:
            chips.append(Chip(f"“{self.text}”", replace(self, text="")))
        return tuple(chips)

    def href(self, page: int = 1) -> str:
        """Address of a page of this search; what was not asked is left out."""
        pairs = {
            "q": self.text,
            "seller": self.seller or "",
            "make": self.make,
            "state": self.state,
            "min_price": "" if self.min_price is None else str(self.min_price),
            "max_price": "" if self.max_price is None else str(self.max_price),
            "sort": "" if self.sort == "recommended" else self.sort,
            "broken": ",".join(str(ordinal) for ordinal in sorted(self.broken)),
            "page": "" if page == 1 else str(page),
        }
        query = urlencode({name: value for name, value in pairs.items() if value})
        return f"/boats?{query}" if query else "/boats"

    def _matches(self, listing: Listing) -> bool:
        return (
            self.seller in (None, listing.seller_type)
            and self.state in ("", listing.state)
            and self.make in ("", listing.make)
            and (self.min_price is None or listing.price >= self.min_price)
            and (self.max_price is None or listing.price <= self.max_price)
            and all(word in listing.title.lower() for word in self.text.lower().split())
        )


def parse_search(query: Mapping[str, str]) -> BoatSearch:
    """Reads a search from a query string; what can't be read counts as not asked."""
    return BoatSearch(
        seller=_seller(query.get("seller", "")),
        state=query.get("state", "").strip().upper(),
        make=query.get("make", "").strip(),
        min_price=_amount(query.get("min_price", "")),
        max_price=_amount(query.get("max_price", "")),
        text=query.get("q", "").strip()[:80],
        sort=_sort(query.get("sort", "")),
        broken=frozenset(
            int(part) for part in query.get("broken", "").split(",") if part.strip().isdecimal()
        ),
    )


def parse_page(query: Mapping[str, str]) -> int:
    """The page asked for, from 1; the first one where it can't be read."""
    text = query.get("page", "")
    return max(1, int(text)) if text.isdecimal() and len(text) < 6 else 1


def page_count(total: int) -> int:
    """How many pages a result of this size fills; one where it is empty."""
    return max(1, -(-total // PAGE_SIZE))


def _seller(text: str) -> SellerType | None:
    match text:
        case "private" | "dealer":
            return text
        case _:
            return None


def _sort(text: str) -> Sort:
    match text:
        case "price_asc" | "price_desc" | "year_desc":
            return text
        case _:
            return "recommended"


def _amount(text: str) -> int | None:
    digits = text.replace("$", "").replace(",", "").strip()
    return int(digits) if digits.isdecimal() and len(digits) < 10 else None
