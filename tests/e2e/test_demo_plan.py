"""The main job: listings in, honest rows out, over HTTP against the demo marketplace."""

import csv
import io
import re

import pytest

from tests.e2e.live import Api, Document, Site

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

DEMO_PLAN = "plans/example/extract_listings.json"
FIELDS = ("year", "make", "model", "price", "phone")


def expected_rows(site: Site, listings: list[Document]) -> list[Document]:
    """What a careful visitor would write down of these listings."""
    return [
        {
            "year": str(listing["year"]),
            "make": listing["make"],
            "model": listing["model"],
            "price": listing["price"],
            "phone": listing["phone"],
            "url": site.url + listing["url"],
        }
        for listing in listings
    ]


def shown(rows: list[Document]) -> list[Document]:
    return [{name: row[name] for name in (*FIELDS, "url")} for row in rows]


def lead_of(row: Document) -> str:
    values = {name.capitalize(): row[name] or "none" for name in FIELDS}
    return " | ".join(
        ["VIABLE", *(f"{name}: {text}" for name, text in values.items()), f"URL: {row['url']}"]
    )


def list_plan(url: str, max_items: int, per_page: int = 12) -> list[Document]:
    fields = [
        {"name": name, "type": kind}
        for name, kind in zip(FIELDS, ["int", "str", "str", "price", "phone"], strict=True)
    ]
    for field in fields[:2]:
        field["required"] = True
    return [
        {"intent": f"Navigate to {url}", "type": "navigate", "section": "setup", "required": True},
        {"intent": "Click the title of the next boat listing", "type": "click"},
        {
            "intent": "Extract Year, Make, Model, Price and Phone",
            "type": "extract_data",
            "extract": {"entity_name": "boat listing", "fields": fields, "max_items": max_items},
        },
        {"intent": "Go back to the list of results", "type": "navigate_back"},
        {"intent": "Repeat", "type": "loop", "loop_target": 1, "loop_count": per_page},
        {"intent": "Go to the next page of results", "type": "paginate"},
        {"intent": "Repeat", "type": "loop", "loop_target": 1, "loop_count": 25},
    ]


def test_ten_listings_are_ten_right_rows(api: Api, site: Site) -> None:
    result = api.run(DEMO_PLAN)
    assert result["status"] == "succeeded", result
    listings = site.listings(seller="private")[:10]
    expected = expected_rows(site, listings)
    rows = result["result"]["rows"]
    assert shown(rows) == expected
    assert result["result"]["leads"] == [lead_of(row) for row in expected]
    assert all(row["_viable"] for row in rows)
    for row in rows:
        assert row["_trace"]["page_url"] == row["url"]
        assert set(row["_trace"]["fields"]) == set(FIELDS)

    summary = result["summary"]
    with_phone = sum(listing["phone"] is not None for listing in listings)
    assert summary["steps_executed"] == 31
    assert summary["viable"] == 10
    assert summary["leads_with_phone"] == with_phone
    assert summary["cost_total"] == 0
    assert summary["cost_breakdown"] == {"gpu": 0, "claude": 0, "proxy": 0}
    assert 0 < summary["total_time_s"] < 120
    verification = summary["dynamic_verification_summary"]
    assert verification["verdict"] == "pass"
    assert verification["checks"] == {"page_1_required_filters_present": "pass"}
    assert verification["totals"] == {
        "pages_seen": 1,
        "found_items": 12,
        "attempted_items": 10,
        "completed_items": 10,
        "failed_items": 0,
    }
    steps = result["result"]["steps"]
    assert len(steps) == 31
    assert [step["type"] for step in steps] == ["navigate"] + [
        "click",
        "extract_data",
        "navigate_back",
    ] * 10
    assert all(step["success"] and step["attempts"] == 1 for step in steps)
    tiers = summary["tiers"]
    assert tiers["memory"] + tiers["dom"] == 20
    assert tiers["holo3"] == tiers["claude"] == 0

    names = ("result.json", "leads.csv", "extracted_rows.json", "extracted_rows.csv")
    files = {name: api.artifact(result["run_id"], name) for name in names}
    assert {answer.status_code for answer in files.values()} == {200}
    table = list(csv.DictReader(io.StringIO(files["leads.csv"].text)))
    assert list(table[0]) == ["status", *FIELDS, "url", "raw"]
    assert [(line["status"], line["phone"], line["url"]) for line in table] == [
        ("VIABLE", row["phone"] or "", row["url"]) for row in expected
    ]
    assert shown(files["extracted_rows.json"].json()) == expected
    assert files["result.json"].json()["result"] == result["result"]
    assert api.artifact(result["run_id"], "events.log").status_code == 404
    folder = api.stack.data_dir / "tenants" / "default" / "runs" / result["run_id"]
    assert {path.name for path in folder.iterdir()} >= {*names, "status.json", "events.log"}
    assert result["csv_path"] == f"tenants/default/runs/{result['run_id']}/leads.csv"


def test_the_visitor_went_where_the_plan_says_and_nowhere_else(api: Api, site: Site) -> None:
    visitor = "careful"
    url = f"{site.url}/boats?seller=private&state=FL&visitor={visitor}"
    result = api.run(list_plan(url, 3))
    assert result["status"] == "succeeded", result
    listings = site.listings(seller="private", state="FL")[:3]
    assert shown(result["result"]["rows"]) == expected_rows(site, listings)
    opened = [
        visit["path"]
        for visit in site.requests(visitor)
        if re.fullmatch(r"/boats/\d+[^/]*", visit["path"])
    ]
    assert opened == [listing["url"] for listing in listings]
    assert not any(visit["path"].startswith("/promo") for visit in site.requests(visitor))


def test_rows_of_several_pages_of_results(api: Api, site: Site) -> None:
    """> each turn of "click the next listing" takes the next one, never one already done."""
    result = api.run(list_plan(f"{site.url}/boats?seller=dealer", 14), 120)
    assert result["status"] == "succeeded", result
    listings = site.listings(seller="dealer")[:14]
    assert shown(result["result"]["rows"]) == expected_rows(site, listings)
    totals = result["summary"]["dynamic_verification_summary"]["totals"]
    assert (totals["pages_seen"], totals["attempted_items"]) == (2, 14)
    assert result["summary"]["steps_executed"] == 1 + 3 * 14 + 1


def test_a_list_is_read_to_its_end(api: Api, site: Site) -> None:
    """Fewer listings than asked for, on two pages: all of them, and no failure.

    > and ends early when the list has no further item that it has not visited:
    """
    listings = site.listings(seller="private", state="TX")
    assert 12 < len(listings) < 24
    plan = [
        {"intent": f"Open {site.url}/boats?seller=private&state=TX", "type": "navigate"},
        {
            "intent": "Extract title and price of every boat listing",
            "type": "extract_rows",
            "extract": {
                "entity_name": "boat listing",
                "fields": [{"name": "title", "required": True}, {"name": "price", "type": "price"}],
            },
        },
        {"intent": "Go to the next page of results", "type": "paginate"},
        {"intent": "Repeat", "type": "loop", "loop_target": 1, "loop_count": 20},
    ]
    result = api.run(plan)
    assert result["status"] == "succeeded", result
    rows = result["result"]["rows"]
    assert [(row["title"], row["price"], row["url"]) for row in rows] == [
        (listing["title"], listing["price"], site.url + listing["url"]) for listing in listings
    ]


def test_an_empty_list_is_a_success_without_rows(api: Api, site: Site) -> None:
    url = f"{site.url}/boats?seller=private&min_price=90000000"
    assert site.listings(seller="private", min_price=90000000) == []
    result = api.run(list_plan(url, 10))
    assert result["status"] == "succeeded", result
    assert result["result"]["rows"] == []
    assert result["result"]["leads"] == []
    assert result["summary"]["viable"] == 0
    assert result["summary"]["dynamic_verification_summary"]["verdict"] == "pass"
