"""All schemas that Holo3 is sent."""

from typing import Any

from inference.asking import CheckAsk, ExtractAsk
from inference.holo3.reading import Verdict, records_schema
from inference.holo3.schemas import schema_of
from inference.holo3.tools import AgentStep, Place
from plans.step import ExtractField
from tests.inference.holo3.asks import look

NAMES = ("title", "price", "Preis in €", 'a "quoted" name', "back\\slash", "new\nline", "日本", " ")


def record_ask(*names: str, many: bool = True, most: int = 20) -> ExtractAsk:
    fields = tuple(ExtractField(name=name) for name in names)
    return ExtractAsk(look=look(), intent="Read it", fields=fields, many=many, most=most)


def all_schemas() -> dict[str, dict[str, Any]]:
    return {
        "place": schema_of(Place),
        "step": schema_of(AgentStep),
        "verdict": schema_of(Verdict),
        "record": records_schema(record_ask("title", many=False)),
        "records": records_schema(record_ask(*NAMES)),
        "no fields": records_schema(record_ask()),
    }


def condition() -> CheckAsk:
    return CheckAsk(look=look(text="Your cart is empty."), condition="the cart is empty")
