"""Which fields a step reads, from a schema, from itself, or from its words."""

import pytest

from plans.errors import PlanError
from plans.fields import field_names, plan_fields, schema_fields, step_fields, under_schema
from plans.plan import Plan
from plans.step import ExtractField, Step, StepType


@pytest.mark.parametrize(
    ("intent", "names"),
    [
        ("Extract Year, Make and Price", "year make price"),
        (
            "Extract Year, Make, Model, Price and the seller's Phone",
            "year make model price phone",
        ),
        (
            "Note engine hours, fuel capacity and hull material from the specifications",
            "engine_hours fuel_capacity hull_material",
        ),
        ("Collect the similar boats: title, price, location, url", "title price location url"),
        ("Extract all results: title, price, url", "title price url"),
        ("Extract price", "price"),
        ("Extract the price of each listing", "price"),
        ("Extract Year, Make and Model of each listing on the page", "year make model"),
        ("Get name, email (if shown) and phone number if present", "name email phone_number"),
        ("On the detail page, extract Year and Make. Then go back.", "year make"),
        ("Extract the following fields: a; b; c", "a b c"),
        ("Extract the rows of the order table with columns Item, Qty, Price", "item qty price"),
        ("Read the order total", "order_total"),
        ("Extract title and price for up to 10 results", "title price"),
        ("Extract the year, make & model", "year make model"),
        (
            "Extract item number, product name, date of birth",
            "item_number product_name date_of_birth",
        ),
        ("Extract the contact's name and their e-mail address", "name e_mail_address"),
        ("Capture fields:\n- Title\n- Price", "title price"),
        ("Extract Title, Company, Location, and Salary", "title company location salary"),
        ("List each order with its number, date and total", "number date total"),
        ("Extract the phone number shown on the page", "phone_number"),
        ("Extract Name, name and NAME", "name"),
        ("Extract Jahr, Marke und Preis", "jahr marke preis"),
        ("Nutrition per slice: Energy, Fat, Protein", "energy fat protein"),
        ("Extract the flagship store's Phone, Street and Fax", "phone street fax"),
        ("Extrahiere alle Treffer: titel, ort, kaltmiete", "titel ort kaltmiete"),
        ("For the post about the cello note Author and Likes", "author likes"),
        ("Extract the listing data", ""),
        ("Extract all data from this page", ""),
        ("Extract listing details", ""),
        ("Extract the similar boats", ""),
        ("Extract all job postings", ""),
        ("Click the next listing", ""),
        ("", ""),
    ],
)
def test_names_in_an_intent(intent: str, names: str) -> None:
    assert field_names(intent) == tuple(names.split())


SCHEMA = {
    "properties": {
        "title": {"type": "string"},
        "price": {"type": ["number", "null"]},
        "year": {"type": "integer"},
        "link": {"type": "string", "format": "uri"},
        "sold": {"type": "boolean"},
        "listed": {"type": "string", "format": "date"},
        "any": True,
    },
    "required": ["title"],
}


def test_a_schema_gives_fields_in_its_order() -> None:
    fields = schema_fields(SCHEMA)
    assert [(field.name, field.type) for field in fields] == [
        ("title", "str"),
        ("price", "float"),
        ("year", "int"),
        ("link", "url"),
        ("sold", "bool"),
        ("listed", "date"),
        ("any", "str"),
    ]
    assert [field.name for field in fields if field.required] == ["title"]


@pytest.mark.parametrize(
    "schema", [{}, {"properties": []}, {"properties": {"": {}}}, {"properties": {"a": 1}}]
)
def test_a_schema_without_usable_properties_is_refused(schema: dict[str, object]) -> None:
    with pytest.raises(PlanError, match="extraction_schema"):
        schema_fields(schema)  # pyright: ignore[reportArgumentType]


def test_the_schema_beats_the_step_and_the_step_its_words() -> None:
    step = Step.model_validate(
        {
            "intent": "Extract Make",
            "type": "extract_data",
            "extract": {"fields": [{"name": "model", "required": True}]},
        }
    )
    words = Step(intent="Extract Make and Model", type=StepType.EXTRACT_ROWS)
    (held,) = under_schema(Plan(steps=(step,)), SCHEMA).steps
    assert [field.name for field in step_fields(held)][:2] == ["title", "price"]
    assert step_fields(step) == (ExtractField(name="model", required=True),)
    assert [field.name for field in step_fields(words)] == ["make", "model"]
    plan = Plan(steps=(step, Step(intent="Extract Colour", type=StepType.CLICK), words))
    assert [field.name for field in plan_fields(plan)] == ["model", "make"]
