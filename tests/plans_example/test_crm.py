import httpx
import pytest
from lxml import html


@pytest.fixture
def agent(visitor: httpx.Client) -> httpx.Client:
    data = {"email": "sam@crm.test", "password": "crm-demo"}
    answer = visitor.post("/crm/login", data=data)
    assert "Signed in as Sam Whitaker" in answer.text
    return visitor


@pytest.mark.parametrize("path", ["/crm", "/crm/", "/crm/contacts", "/crm/leads/new"])
def test_strangers_are_sent_to_the_login(visitor: httpx.Client, path: str) -> None:
    assert visitor.get(path).url.path == "/crm/login"


def test_a_wrong_password_is_refused(visitor: httpx.Client) -> None:
    answer = visitor.post("/crm/login", data={"email": "sam@crm.test", "password": "x"})
    assert "Email or password is wrong" in answer.text
    assert visitor.get("/crm/").url.path == "/crm/login"


def test_search_finds_by_name_company_and_status(agent: httpx.Client) -> None:
    def names(query: str) -> list[str]:
        return html.fromstring(agent.get(f"/crm/contacts?{query}").text).xpath("//tbody//a/text()")

    assert names("q=whitfield") == ["Grace Whitfield"]
    assert names("status=Inactive") == ["David Cho", "James Porter", "Opal Jennings"]
    assert len(names("")) == 18
    assert names("q=nobody") == []


def test_a_changed_contact_is_saved(agent: httpx.Client) -> None:
    tree = html.fromstring(agent.get("/crm/contacts/2/edit").text)
    form = tree.xpath("//form[contains(@action, 'edit')]")[0]
    data = {**dict(form.form_values()), "phone": "(555) 555-0177", "status": "Customer"}
    answer = agent.post(form.action, data=data)
    assert "Saved." in answer.text
    contact = agent.get("/_oracle/crm").json()["contacts"][1]
    assert (contact["name"], contact["phone"], contact["status"]) == (
        "Ben Okafor",
        "(555) 555-0177",
        "Customer",
    )


def test_notes_are_added_on_top(agent: httpx.Client) -> None:
    agent.post("/crm/contacts/7/notes", data={"note": "Call back on Friday"})
    notes = html.fromstring(agent.get("/crm/contacts/7").text).xpath("//section//li/text()")
    assert notes == ["Call back on Friday", "Asked for a quote on 14 slips."]


def test_a_lead_is_created_or_refused(agent: httpx.Client) -> None:
    bad = agent.post("/crm/leads/new", data={"name": "Wendy Harlow", "value": "much"})
    assert "needs a name and a value" in bad.text
    data = {"name": "Wendy Harlow", "company": "Harlow Charters", "value": "$64,000"}
    answer = agent.post("/crm/leads/new", data={**data, "source": "Referral", "stage": "New"})
    row = html.fromstring(answer.text).xpath("//tbody/tr[1]/td/text()")
    assert row == ["Wendy Harlow", "Harlow Charters", "Referral", "New", "$64,000"]


def test_the_export_is_a_download_of_all_contacts(agent: httpx.Client) -> None:
    answer = agent.get("/crm/contacts/export.csv")
    assert 'filename="contacts.csv"' in answer.headers["content-disposition"]
    assert len(answer.text.splitlines()) == 19


def test_unknown_contacts_are_missing_and_signing_out_ends_it(agent: httpx.Client) -> None:
    assert agent.get("/crm/contacts/99").status_code == 404
    assert agent.post("/crm/logout").url.path == "/crm/login"
    assert agent.get("/crm/contacts").url.path == "/crm/login"
