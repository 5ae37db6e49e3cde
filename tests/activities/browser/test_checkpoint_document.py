"""The stored form of a checkpoint: documents of earlier builds are read as they are."""

from activities.browser.checkpoint import Checkpoint, Tab, fingerprint, restorable

VERSION_1 = {
    "version": 1,
    "cookies": [
        {
            "name": "hm_session",
            "value": "v",
            "domain": "127.0.0.1",
            "path": "/",
            "expires": -1.0,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
            "partitionKey": None,
        }
    ],
    "origins": [
        {
            "origin": "http://127.0.0.1:8100",
            "local": [{"name": "cart", "value": "[]"}],
            "databases": [
                {
                    "name": "boats",
                    "version": 3,
                    "stores": [
                        {
                            "name": "kept",
                            "keyPath": "id",
                            "autoIncrement": False,
                            "indexes": [],
                            "records": [{"value": {"id": 1}}],
                        }
                    ],
                }
            ],
        }
    ],
    "tabs": [
        {
            "url": "http://127.0.0.1:8100/account/code",
            "method": "POST",
            "document": "0A",
            "status": 200,
            "opener": None,
            "session_storage": [
                {
                    "origin": "http://127.0.0.1:8100",
                    "entries": [{"name": "step", "value": "2"}],
                }
            ],
            "frames": [
                {
                    "path": [0, 1],
                    "scroll_x": 0.0,
                    "scroll_y": 700.0,
                    "fields": [
                        {
                            "type": "select",
                            "id": "",
                            "name": "days",
                            "option": "",
                            "place": 3,
                            "value": "",
                            "checked": False,
                            "chosen": ["mo"],
                            "pieces": [],
                        },
                        {
                            "type": "password",
                            "id": "p",
                            "name": "",
                            "option": "",
                            "place": 4,
                            "value": "",
                            "checked": False,
                            "chosen": [],
                            "pieces": [{"text": "", "secret": "secret.1"}],
                        },
                    ],
                }
            ],
        }
    ],
    "current": 0,
    "target_id": "0B",
    "notes": ["not kept, too large: fields"],
}


def test_a_stored_document_is_read_and_written_the_same() -> None:
    checkpoint = Checkpoint.model_validate(VERSION_1)
    assert checkpoint.tab.frames[0].fields[1].pieces[0].secret == "secret.1"
    assert checkpoint.model_dump(mode="json") == VERSION_1


def test_parts_that_a_document_lacks_are_empty() -> None:
    assert Checkpoint.model_validate({"tabs": [{"url": "about:blank"}]}).tab.method == "GET"


def test_only_what_can_be_asked_for_again_is_restorable() -> None:
    def page(url: str, method: str = "GET") -> Checkpoint:
        return Checkpoint(tabs=(Tab(url=url, method=method),))

    assert restorable(page("https://example.com/a"))
    assert restorable(page("about:blank"))
    assert not restorable(page("https://example.com/a", "POST"))
    assert not restorable(page("chrome-error://chromewebdata/"))
    assert not restorable(page("file:///etc/passwd"))


def test_the_fingerprint_leaves_out_the_seconds_of_an_expiry() -> None:
    checkpoint = Checkpoint.model_validate(VERSION_1)
    cookie = checkpoint.cookies[0]

    def expiring(at: float) -> str:
        cookies = (cookie.model_copy(update={"expires": at}),)
        return fingerprint(checkpoint.model_copy(update={"cookies": cookies}))

    assert expiring(6_000.0) == expiring(6_059.9) != expiring(6_060.0)
