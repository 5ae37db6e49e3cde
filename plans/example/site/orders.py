"""Reservations placed on the site; a form sent twice makes two of them."""

from dataclasses import dataclass, field

from plans.example.site.catalog import Listing

FIRST_NUMBER = 70_411


@dataclass(frozen=True)
class Order:
    """A reservation as the page confirmed it."""

    number: str
    visitor: str
    listing: Listing
    name: str
    email: str
    message: str
    status: str = "Placed"


@dataclass
class OrderBook:
    """All reservations since the start or the last reset, oldest first."""

    orders: list[Order] = field(default_factory=list[Order])

    def place(
        self, listing: Listing, *, visitor: str, name: str, email: str, message: str
    ) -> Order:
        """Writes a reservation down and gives it the next confirmation number."""
        number = f"HM-{FIRST_NUMBER + len(self.orders)}"
        order = Order(number, visitor, listing, name, email, message)
        self.orders.append(order)
        return order

    def find(self, number: str) -> Order | None:
        """The reservation of this number, or None."""
        return next((order for order in self.orders if order.number == number), None)

    def of_email(self, email: str) -> list[Order]:
        """The reservations of this person, newest first."""
        return [order for order in reversed(self.orders) if order.email.lower() == email.lower()]

    def reset(self) -> None:
        """Forgets every reservation."""
        self.orders.clear()
