"""Each step type on live pages: what it does, how it tells, and where it fails."""

import time

import pytest

from tests.e2e.live import Api, Document, LiveStack, Site

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


def go(url: str, **more: object) -> Document:
    return {"intent": f"Go to {url}", "type": "navigate", "required": True, **more}


def step(kind: str, intent: str, shows: str = "", **more: object) -> Document:
    """A step that must succeed; `shows` is what the page must say after it."""
    hints = {"hints": {"expect_text_present": shows}} if shows else {}
    return {"intent": intent, "type": kind, "required": True, **hints, **more}


def in_order(result: Document) -> list[Document]:
    """The executed steps of a run that went well."""
    steps: list[Document] = result["result"]["steps"]
    failed = [s for s in steps if not s["success"]]
    assert result["status"] == "succeeded", (failed, result.get("message"))
    assert failed == []
    return steps


def of_type(result: Document, kind: str) -> list[Document]:
    return [s for s in result["result"]["steps"] if s["type"] == kind]


def test_controls_are_filled_chosen_and_pressed(api: Api, site: Site) -> None:
    """
    > `label`, `value`; `dropdown_label`, `option_label`;

    > `keys`;

    > `selector`)
    """
    plan = [
        go(f"{site.url}/playground"),
        step(
            "fill_field",
            "Fill the boat name with Sea Breeze",
            "Name: Sea Breeze",
            params={"label": "Boat name", "value": "Sea Breeze"},
        ),
        step(
            "fill_field",
            "Fill the boat name with Möwe 7",
            "Name: Möwe 7",
            params={"label": "Boat name", "value": "Möwe 7"},
        ),
        step(
            "select_option",
            "Choose Diesel as fuel type",
            "Fuel: Diesel",
            params={"dropdown_label": "Fuel type", "option_label": "Diesel"},
        ),
        step(
            "select_option",
            "Choose Navy blue as hull color",
            "Color: Navy blue",
            params={"dropdown_label": "Hull color", "option_label": "Navy blue"},
        ),
        step("click", "Tick the checkbox Trailer included", "Trailer: yes"),
        step("click", 'Choose the engine "Inboard"', "Engine: inboard"),
        step(
            "fill_field",
            "Fill the launch date with 2026-05-01",
            "Launch: 2026-05-01",
            params={"label": "Launch date", "value": "2026-05-01"},
        ),
        step(
            "type_text",
            "Type Calm sea into the log book notes",
            "Notes: 8 characters",
            params={"label": "Log book notes", "value": "Calm sea"},
        ),
        step(
            "key_press",
            "Press Control+S in the key area",
            "Last key: Ctrl+s",
            params={"selector": "#keys", "keys": "Control+s"},
        ),
        step("key_press", "Press Enter", "Last key: Enter", params={"keys": ["Enter"]}),
        step("click", "Click the Drop anchor button", "Anchors: 1"),
    ]
    steps = in_order(api.run(plan))
    assert len(steps) == len(plan)
    assert all(s["attempts"] == 1 for s in steps), [(s["intent"], s["attempts"]) for s in steps]
    assert {s["tier"] for s in steps if s["type"] == "select_option"} == {"dom"}


def test_frames_dialogs_and_late_content(api: Api, site: Site) -> None:
    plan = [
        go(f"{site.url}/playground"),
        step("click", "Click Show alert", "Alert closed"),
        step("click", "Click the Delete draft button", "Draft deleted"),
        step("click", "Click Rename boat", "Renamed to Sea Breeze"),
        step(
            "fill_field",
            "Fill the captain's name with Mira",
            params={"label": "Captain's name", "value": "Mira"},
        ),
        step("submit", "Click Greet captain", "Hello Mira"),
        step("click", "Click Load forecast again"),
        step("wait", 'Wait until "Forecast: wind 12 knots" is shown'),
        step("click", "Click the Accept forecast button", "Forecast accepted"),
    ]
    steps = in_order(api.run(plan))
    assert "dialog: alert: Small craft advisory" in steps[1]["notes"]
    assert "dialog: confirm: Delete the draft?" in steps[2]["notes"]


def test_new_tabs_are_followed_and_left(api: Api, site: Site) -> None:
    plan = [
        go(f"{site.url}/playground"),
        step("click", "Click Open the tide table", "Opened by link"),
        {"intent": "Note the address", "type": "extract_url", "out_var": "opened"},
        step("navigate_back", "Go back to the playground", "New tabs"),
        step("click", "Click the Open the weather window button", "Opened by script"),
        step("navigate_back", "Go back", "Weather window opened"),
        go("{{opened}}", params={"url": "{{opened}}"}),
        {"intent": "Note the address again", "type": "extract_url"},
    ]
    steps = in_order(api.run(plan))
    assert steps[2]["data"]["url"] == f"{site.url}/playground/opened?way=link"
    assert steps[-1]["data"]["url"] == steps[2]["data"]["url"]
    assert any(note.startswith("tab_opened") for note in steps[1]["notes"])
    assert steps[6]["intent"] == f"Go to {site.url}/playground/opened?way=link"


def test_a_download_is_a_result_of_a_click(api: Api, stack: LiveStack, site: Site) -> None:
    plan = [
        go(f"{site.url}/playground"),
        step("click", "Click Download tides as CSV"),
        step("wait", "Wait a second", params={"seconds": 5}),
    ]
    run_id = api.submit(plan)
    api.wait_for_steps(run_id, 2)
    (saved,) = (stack.session().session_dir / "downloads").iterdir()
    assert saved.read_text().startswith("harbor,high_tide")
    steps = in_order(api.wait(run_id))
    assert "download: tides.csv" in steps[1]["notes"]


def test_scrolling_loads_more_and_ends(api: Api, site: Site) -> None:
    plan = [
        go(f"{site.url}/playground"),
        {"intent": "Scroll down to the end of the page", "type": "scroll"},
        step("wait", "Wait", params={"seconds": 0.3}),
        {"intent": "Repeat", "type": "loop", "loop_target": 1, "loop_count": 3},
        step("scroll", "Scroll to the top"),
        step(
            "extract_rows",
            "Extract all buoys",
            extract={"entity_name": "buoy", "fields": [{"name": "name", "required": True}]},
        ),
    ]
    result = api.run(plan)
    in_order(result)
    rows = [row["name"] for row in result["result"]["rows"]]
    assert rows[:3] == ["Buoy 1", "Buoy 2", "Buoy 3"]
    assert len(rows) >= 40


def test_filters_of_the_marketplace(api: Api, site: Site) -> None:
    """The banner is in the way at first, and the filters are applied by their button."""
    plan = [
        go(f"{site.url}/boats"),
        step("filter", "Filter by private sellers"),
        step(
            "select_option",
            "Choose Texas as state",
            params={"dropdown_label": "State", "option_label": "Texas"},
        ),
        step(
            "fill_field",
            "Fill the max price with 60000",
            params={"label": "Max price", "value": 60000},
        ),
        step(
            "submit",
            "Click Apply filters",
            "by private sellers in Texas",
            gate=True,
            verify="URL contains max_price=60000",
        ),
        step(
            "extract_rows",
            "Extract title and price of every boat listing",
            extract={
                "entity_name": "boat listing",
                "fields": [{"name": "title", "required": True}, {"name": "price", "type": "price"}],
            },
        ),
    ]
    result = api.run(plan)
    steps = in_order(result)
    assert any("banner" in note for s in steps for note in s.get("notes", []))
    true = site.listings(seller="private", state="TX", max_price=60000)[:12]
    assert [(row["title"], row["price"]) for row in result["result"]["rows"]] == [
        (listing["title"], listing["price"]) for listing in true
    ]
    checks = result["summary"]["dynamic_verification_summary"]["checks"]
    assert checks == {"page_1_required_filters_present": "pass", "step_4_gate": "pass"}


def test_a_form_is_sent_once(api: Api, site: Site) -> None:
    listing = site.listings()[3]

    def fill(label: str, value: str) -> Document:
        return step("fill_field", f"Fill {label}", params={"label": label, "value": value})

    plan = [
        go(f"{site.url}{listing['url']}?visitor=buyer"),
        step("click", "Click Reserve this boat", "Preferred viewing date"),
        fill("Full name", "Mira Jensen"),
        fill("Email", "mira@example.com"),
        fill("Preferred viewing date", "2026-08-01"),
        fill("Message to the seller", "Is she still\nfor sale?"),
        step("click", "Tick I agree to the reservation terms"),
        step(
            "submit",
            "Click Place reservation",
            gate=True,
            verify='Page shows text "mira@example.com"',
        ),
    ]
    in_order(api.run(plan))
    (order,) = site.orders("buyer")
    assert (order["title"], order["name"]) == (listing["title"], "Mira Jensen")
    assert order["message"].split() == ["Is", "she", "still", "for", "sale?"]
    posted = [visit for visit in site.requests("buyer") if visit["method"] == "POST"]
    assert len(posted) == 1


def test_branches_guards_and_variables(api: Api, site: Site) -> None:
    """Only the steps whose condition holds are executed.

    > `stop_var`, `out_var`, `condition_var`, `then_target`, `else_target`, `guard`,

    > `{{name}}` of `inputs` and of earlier `out_var`s; values that are not text appear as JSON.
    """
    wait = {"type": "wait", "params": {"seconds": 0}}
    look = {"type": "detect_visible"}
    by_variable = {"type": "if_else", "condition_var": "payment"}
    by_looking = {"type": "if_else", "intent": "Is the Show alert button visible?"}
    turns = {"type": "loop", "loop_count": 5, "stop_var": "anchor"}
    plan = [
        go(f"{site.url}/playground"),
        {"intent": "Is the Drop anchor button visible?", "out_var": "anchor", **look},
        {"intent": "Is a payment form visible?", "out_var": "payment", **look},
        {"intent": "anchored", "guard": "anchor", **wait},
        {"intent": "paid", "guard": "payment", **wait},
        {"intent": "unpaid", "guard": "not payment", **wait},
        {"intent": "Which way", "then_target": 7, "else_target": 8, **by_variable},
        {"intent": "then", **wait},
        {"then_target": 9, "else_target": 10, **by_looking},
        {"intent": "by looking", **wait},
        {"intent": "turn", **wait},
        {"intent": "Repeat", "loop_target": 10, **turns},
        {"intent": "name of {{boat}}: {{details}}, {{anchor}}", **wait},
    ]
    details = {"length": 17, "tags": ["a", "b"]}
    result = api.run(plan, inputs={"boat": "Möwe", "details": details})
    steps = in_order(result)
    assert [s["data"]["visible"] for s in steps[1:3]] == [True, False]
    waited = [s["intent"] for s in steps if s["type"] == "wait"]
    assert waited[:-1] == ["anchored", "unpaid", "by looking", "turn"]
    assert waited[-1] == 'name of Möwe: {"length": 17, "tags": ["a", "b"]}, true'


def test_records_by_name_and_into_variables(api: Api, site: Site) -> None:
    """> `extract` (`{schema_name, entity_name, fields:[{name,type,required}], max_items}`)."""
    listing = next(item for item in site.listings() if item["phone"] is None)
    fields = [{"name": "make", "required": True}, {"name": "phone", "type": "phone"}]
    plan = [
        go(site.url + listing["url"]),
        {
            "intent": "Extract make and phone",
            "type": "extract_data",
            "extract": {"fields": fields},
            "out_var": "boat",
        },
        {"intent": "got {{boat}}", "type": "wait", "params": {"seconds": 0}},
    ]
    result = api.run(plan)
    steps = in_order(result)
    assert result["result"]["rows"][0]["make"] == listing["make"]
    assert result["result"]["rows"][0]["phone"] is None
    assert f'"make": "{listing["make"]}"' in steps[2]["intent"]
    assert result["result"]["leads"] == [
        f"VIABLE | Make: {listing['make']} | Phone: none | URL: {site.url}{listing['url']}"
    ]


@pytest.mark.parametrize(
    ("verify", "status", "halt", "tries"),
    [
        ('Page shows text "Playground"', "succeeded", None, 1),
        ('Page shows text "Checkout"', "failed", "gate_failed", 3),
        ("The captain has a good mood", "failed", "gate_undecided", 1),
    ],
)
def test_gates(
    api: Api, site: Site, verify: str, status: str, halt: str | None, tries: int
) -> None:
    """> `gate` + `verify` (a condition that must hold, else halt),"""
    plan = [
        go(f"{site.url}/playground", gate=True, verify=verify),
        step("wait", "Wait", params={"seconds": 0}),
    ]
    result = api.run(plan)
    assert (result["status"], result.get("halt_class")) == (status, halt), result
    first = result["result"]["steps"][0]
    assert first["attempts"] == tries
    assert len(result["result"]["steps"]) == (2 if halt is None else 1)
    assert first["success"] is (halt is None)
    assert any(note.startswith("verify ") for note in first["notes"])


def test_hints_and_verify_decide_about_a_step(api: Api, site: Site) -> None:
    """A step that did something, but not what it should, has failed; the rest goes on.

    > `hints` (`expect_url_contains`, `expect_url_excludes`, `expect_text_present`),

    > A step that fails and is not required: in setup the run goes on;
    """
    click = {"intent": "Click the Drop anchor button", "type": "click", "section": "setup"}
    plan = [
        go(f"{site.url}/playground", hints={"expect_url_contains": "/playground"}),
        {**click, "hints": {"expect_text_present": "Anchors: 77"}},
        {**click, "hints": {"expect_url_contains": "/harbor"}},
        {**click, "hints": {"expect_url_excludes": "/playground"}},
        {**click, "verify": 'Page shows text "Anchors: 99"'},
        {**click, "verify": 'Page shows text "Anchors: 5"'},
    ]
    result = api.run(plan)
    assert result["status"] == "succeeded"
    steps = result["result"]["steps"]
    assert [s["success"] for s in steps] == [True, False, False, False, False, True]
    assert {s["failure_class"] for s in steps[1:5] if "failure_class" in s} == {"verify_failed"}


def test_what_is_not_there_is_a_miss(api: Api, site: Site) -> None:
    """Nothing is clicked instead of a missing target, and the class says which kind of miss."""
    click = {"type": "click", "section": "setup"}
    plan = [
        go(f"{site.url}/playground"),
        {"intent": "Click the Launch rocket button", **click},
        {"intent": "Click it", "params": {"selector": "#nowhere"}, **click},
        {"intent": "Click it", "params": {"selector": "button"}, **click},
        {"intent": "Go on", "type": "paginate", "section": "setup"},
    ]
    result = api.run(plan)
    steps = result["result"]["steps"]
    assert [s["success"] for s in steps] == [True, False, False, False, True]
    classes = [s.get("failure_class") for s in steps[1:4]]
    picture = api.artifact(result["run_id"], steps[1]["screenshot"])
    assert picture.status_code == 200
    assert picture.content.startswith(b"\xff\xd8")
    assert classes[0] in ("selector_miss", "model_unavailable")
    assert classes[1:] == ["selector_miss", "ambiguous_target"]


def test_a_wait_lasts_as_long_as_it_says(api: Api, site: Site) -> None:
    began = time.monotonic()
    result = api.run([go(site.url), step("wait", "Wait", params={"seconds": 2})])
    assert in_order(result)[1]["duration"] == pytest.approx(2, abs=0.7)
    assert time.monotonic() - began < 60


def test_the_inputs_of_the_sign_in_stay_secret(api: Api, site: Site) -> None:
    """A password is typed and stands in nothing that can be read."""
    password = "harbor-demo"
    plan = [
        go(f"{site.url}/account/login"),
        step(
            "fill_field",
            "Fill the email field",
            params={"label": "Email", "value": "demo@harbor.test"},
        ),
        step(
            "fill_field",
            "Fill the password field with {{password}}",
            params={"label": "Password", "value": "{{password}}"},
        ),
        step(
            "submit",
            'Click the "Sign in" button',
            "Check your inbox",
        ),
    ]
    run_id = api.submit(plan, inputs={"password": password})
    result = api.wait(run_id)
    in_order(result)
    seen = [
        api.client.get(f"/v1/runs/{run_id}/{part}").text for part in ("result", "events", "logs")
    ]
    assert password not in "".join(seen)
    assert "***" in seen[0]
