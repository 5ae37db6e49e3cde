import httpx
from lxml import html

GOOD = {"email": "demo@harbor.test", "password": "harbor-demo"}


def newest_code(client: httpx.Client) -> str:
    tree = html.fromstring(client.get("/inbox").text)
    return str(tree.xpath("string(//*[@class='mail-code'])"))


def test_the_code_page_is_reached_by_post_only(visitor: httpx.Client) -> None:
    assert visitor.get("/account/code").status_code == 405
    answer = visitor.post("/account/login", data=GOOD)
    assert answer.url.path == "/account/code"
    assert [each.status_code for each in answer.history] == [307]
    assert "Check your inbox" in answer.text


def test_password_and_code_lead_to_the_account(visitor: httpx.Client) -> None:
    visitor.post("/account/login", data=GOOD)
    answer = visitor.post("/account/code", data={"code": newest_code(visitor)})
    assert answer.url.path == "/account"
    assert "Welcome back, Dana" in answer.text
    assert len(html.fromstring(answer.text).xpath("//tbody/tr")) == 2


def test_a_wrong_password_sends_no_code(visitor: httpx.Client) -> None:
    answer = visitor.post("/account/login", data={**GOOD, "password": "x"})
    assert "Email or password is wrong" in answer.text
    assert "No messages" in visitor.get("/inbox").text


def test_each_login_makes_the_older_code_worthless(visitor: httpx.Client) -> None:
    visitor.post("/account/login", data=GOOD)
    old = newest_code(visitor)
    visitor.post("/account/login", data=GOOD)
    new = newest_code(visitor)
    assert old == new or "not right" in visitor.post("/account/code", data={"code": old}).text
    assert visitor.post("/account/code", data={"code": new}).url.path == "/account"


def test_the_code_is_bound_to_the_session(visitor: httpx.Client, demo_site: str) -> None:
    visitor.post("/account/login", data=GOOD)
    code = newest_code(visitor)
    with httpx.Client(base_url=demo_site, follow_redirects=True) as other:
        answer = other.post("/account/code", data={"code": code})
        assert "start again" in answer.text
        assert other.get("/account").url.path == "/account/login"
    assert visitor.post("/account/code", data={"code": code}).url.path == "/account"


def test_five_wrong_codes_end_the_sign_in(visitor: httpx.Client) -> None:
    visitor.post("/account/login", data=GOOD)
    code = newest_code(visitor)
    for _ in range(5):
        answer = visitor.post("/account/code", data={"code": "nope"})
    assert "This sign-in has ended" in answer.text
    assert visitor.post("/account/code", data={"code": code}).url.path != "/account"


def test_a_used_code_works_once_and_signing_out_ends_the_session(visitor: httpx.Client) -> None:
    visitor.post("/account/login", data=GOOD)
    code = newest_code(visitor)
    visitor.post("/account/code", data={"code": code})
    visitor.post("/account/logout")
    assert visitor.get("/account").url.path == "/account/login"
    assert visitor.post("/account/code", data={"code": code}).url.path != "/account"


def test_the_users_own_orders_stand_on_the_account_page(visitor: httpx.Client) -> None:
    visitor.post("/account/login", data=GOOD)
    visitor.post("/account/code", data={"code": newest_code(visitor)})
    path = html.fromstring(visitor.get("/boats").text).xpath(
        "string(//li[@class='card']//h2/a/@href)"
    )
    form = html.fromstring(visitor.get(f"{path}/reserve").text).xpath(
        "//form[contains(@action, 'reserve')]"
    )[0]
    values = dict(form.form_values())
    assert values["email"] == "demo@harbor.test"
    visitor.post(form.action, data={**values, "terms": "yes"})
    number = visitor.get("/_oracle/orders").json()["orders"][0]["number"]
    assert number in visitor.get("/account").text
