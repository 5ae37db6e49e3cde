"""Secrets leave a submission at the door: everywhere, in every spelling, and come back whole."""

import html
import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from ledger.wire import masked
from plans.caps import Caps
from plans.errors import PlanError, PlanFileError
from plans.occurrences import Occurrences
from plans.placeholders import restored
from plans.secret_names import is_secret_label, is_secret_name
from plans.secrets import MAX_SECRETS, Taken, take_out
from plans.submission import Submission, understand

Document = dict[str, Any]
GO = {"intent": "Go to https://a.test", "type": "navigate"}


class _Files:
    def __init__(self, **texts: str) -> None:
        self._texts = texts

    def read_plan_file(self, path: str) -> str:
        if path not in self._texts:
            raise PlanFileError(f"plan file '{path}' does not exist in the plan folders")
        return self._texts[path]


def _taken(**body: Any) -> Taken:
    return take_out(body)


def _said(taken: Taken) -> str:
    return json.dumps(taken.body, ensure_ascii=False)


def _understood(body: Document, **files: str) -> Submission:
    return understand(body, _Files(**files), Caps())


@pytest.mark.parametrize(
    "name", ["password", "Site_Password", "apiKey", "x-api-key", "API KEY", "token", "accessToken",
             "client.secret", "user_input", "user[password]", "password2", "otp", "Authorization"],
)  # fmt: skip
def test_names_that_are_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["tokens_used", "max_tokens", "passwordless", "secretary", "spin"])
def test_names_that_are_not(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "label", ["Password", "Pass word", "6-digit code", "#otp_code", "PIN", "Verification code",
              "Your one-time passcode", "API key", "input[name=verificationCode]"],
)  # fmt: skip
def test_labels_of_secret_fields(label: str) -> None:
    assert is_secret_label(label)


@pytest.mark.parametrize(
    "label", ["ZIP code", "Postal Code", "Promo code", "Country code", "Encode", "#zip_code"]
)  # fmt: skip
def test_labels_of_other_fields(label: str) -> None:
    assert not is_secret_label(label)


def test_each_leaf_under_a_secret_name_goes_with_its_type() -> None:
    given = {"a": [12345, 1.5, "x"], "b": {"c": True, "d": None, "e": ""}}
    taken = _taken(inputs={"token": given})
    shown = taken.body["inputs"]
    assert list(taken.secrets.values()) == [12345, 1.5, "x"]
    assert shown["token"]["b"] == {"c": True, "d": None, "e": ""}  # type: ignore[index,call-overload]
    assert restored(shown, taken.secrets) == {"token": given}


def test_the_same_value_has_one_reference_everywhere() -> None:
    taken = _taken(
        password="hunter2", about=["is hunter2!", {"hunter2": 1}], inputs={"a": "hunter2"}
    )
    assert taken.secrets == {"secret.1": "hunter2"}
    assert "hunter2" not in _said(taken)
    assert masked(taken.body["about"]) == ["is ***!", {"***": 1}]


@pytest.mark.parametrize(
    "spelled",
    [
        quote("p@ß w&rd/1"), quote("p@ß w&rd/1", safe=""), quote_plus("p@ß w&rd/1"),
        quote(quote("p@ß w&rd/1")), quote("p@ß w&rd/1").lower(), html.escape("p@ß w&rd/1"),
        "p&#64;ß w&#x26;rd/1", json.dumps("p@ß w&rd/1")[1:-1], "p@\\u00df w&rd\\/1",
    ],
)  # fmt: skip
def test_a_value_is_found_however_it_is_spelled(spelled: str) -> None:
    taken = _taken(password="p@ß w&rd/1", note=f"<{spelled}>")
    assert taken.body["note"] != f"<{spelled}>" and masked(taken.body["note"]) == "<***>"
    assert restored(taken.body["note"], taken.secrets) == f"<{spelled}>"


def test_base64_of_a_text_with_the_value_shows_none_of_it() -> None:
    for before in ("", "u", "us", "user:"):
        text = b64encode(f"{before}correct horse".encode()).decode()
        taken = _taken(password="correct horse", note=text)
        assert "***" in str(masked(taken.body["note"]))
        assert restored(taken.body["note"], taken.secrets) == text


def test_a_secret_within_another_is_no_way_to_either() -> None:
    taken = _taken(secret=["abcdef", "cdefgh", "bcd"], note="abcdefgh abcdef cdefgh bcd")
    assert masked(taken.body["note"]) == "*** *** *** ***"
    assert restored(taken.body["note"], taken.secrets) == "abcdefgh abcdef cdefgh bcd"


@pytest.mark.parametrize("value", ["a", "ab", "true", "null", "the", "1"])
def test_short_and_ordinary_values_mask_themselves_alone(value: str) -> None:
    taken = _taken(password=value, note=f"{value} cab, {value}", same=value)
    assert taken.body["note"] == f"{value} cab, {value}"
    assert masked(taken.body["same"]) == "***"


def test_a_value_of_few_letters_counts_as_a_word_only() -> None:
    taken = _taken(token="cab", note="cab cabin (cab) scab")
    assert masked(taken.body["note"]) == "*** cabin (***) scab"


def test_words_of_the_contract_and_names_of_inputs_stay() -> None:
    submission = _understood(
        {
            "task_suite": [
                {"intent": "click {{click}} now click", "type": "click", "out_var": "click"}
            ],
            "password": "click",
            "inputs": {"click": "here"},
            "extraction_schema": {"type": "object", "properties": {"token": {"type": "string"}}},
        }
    )
    (step,) = submission.source.content.steps  # type: ignore[union-attr]
    assert step.intent == "{{secret.1}} {{click}} now {{secret.1}}"
    assert (step.type, step.out_var) == ("click", "click")


@pytest.mark.parametrize(
    ("step", "secret"),
    [
        ({"intent": "Fill it", "params": {"label": "Password", "value": "hunter2"}}, "hunter2"),
        ({"intent": "Fill the code box", "params": {"label": "No 1", "value": 123456}}, 123456),
        ({"intent": "Fill it", "params": {"selector": "#otp", "value": "9911x"}}, "9911x"),
        ({"intent": 'Type "hunter2" into the password field'}, "hunter2"),
        ({"intent": "Type hunter2 into the password field"}, "hunter2"),
        ({"intent": "Fill the password field with hunter2."}, "hunter2"),
        ({"intent": "Set 'Password' to 'My-Password1'"}, "My-Password1"),
    ],
)
def test_what_is_typed_into_a_password_or_code_field_is_secret(
    step: Document, secret: JsonValue
) -> None:
    taken = _taken(task_suite=[{"type": "fill_field", **step}], note=f"it was {secret}")
    assert secret in taken.secrets.values()
    assert str(secret) not in _said(taken)


def test_an_input_that_is_typed_into_a_code_field_is_secret() -> None:
    step = {"type": "type_text", "intent": "x", "params": {"label": "Code", "value": "{{mine}}"}}
    taken = _taken(task_suite=[step], inputs={"mine": "44-11-22", "other": "44"})
    assert taken.body["inputs"] == {"mine": "{{secret.1}}", "other": "44"}
    assert "{{mine}}" in _said(taken)


def test_a_text_about_passwords_is_none() -> None:
    step = {"type": "type_text", "intent": "Type 'Never share your password' into the message"}
    assert _taken(task_suite=[step]).secrets == {}
    assert _taken(plan_text="Enter the password in the form").secrets == {}


def test_urls_lose_user_info_and_secret_pairs_and_work_all_the_same() -> None:
    url = "https://ann:s%40x@h.test:8/p?a=1&token=t%2Fk&api_key=k9&sig=zz#access_token=q1"
    taken = _taken(callback_url=url, note=f"see {url}, s@x")
    assert masked(taken.body["callback_url"]) == (
        "https://***:***@h.test:8/p?a=1&token=***&api_key=***&sig=***#access_token=***"
    )
    assert restored(taken.body["callback_url"], taken.secrets) == url
    assert "s@x" not in _said(taken)
    assert _taken(url="/login?next=/a&token={{t}}").secrets == {}


def test_a_plan_in_a_string_loses_its_secrets_too() -> None:
    contents = {"steps": [GO], "runtime": {"inputs": {"password": 'q"\\ü'}}, "apiKey": 4_444_444}
    submission = _understood({"task_file_contents": json.dumps(contents), "n": 4_444_444})
    assert submission.secrets == {"secret.1": 4_444_444, "secret.2": 'q"\\ü'}
    assert submission.options.inputs == {"password": "{{secret.2}}"}
    assert "4444444" not in json.dumps(submission.payload)


def test_a_plan_that_nobody_reads_and_no_json_counts_as_a_secret() -> None:
    taken = _taken(task_suite=[GO], task_file_contents='{"password": "hunter2"')
    assert masked(taken.body["task_file_contents"]) == "***"


def test_a_plan_file_loses_its_secrets() -> None:
    plan = {
        "steps": [{"intent": "say hunter2", "type": "click"}],
        "runtime": {"inputs": {"otp": "hunter2"}},
    }
    submission = _understood({"task_file": "a.json"}, **{"a.json": json.dumps(plan)})
    assert "hunter2" not in submission.model_dump_json(exclude={"secrets"})
    assert submission.secrets == {"secret.1": "hunter2"}


@pytest.mark.parametrize("place", ["{{secret.1}}", "{{ secret.9 }}", "x {{secret.in.0}}"])
def test_nobody_can_name_a_reference(place: str) -> None:
    for body in (
        {"task_suite": [{"intent": place, "type": "click"}]},
        {"task_suite": [GO], "note": {"deep": [place]}},
        {"task_suite": [GO], "password": place},
        {"task_file_contents": json.dumps([{**GO, "intent": place}]).replace("{{", "{\\u007b")},
        {"plan_text": place},
    ):  # fmt: skip
        with pytest.raises(PlanError, match="service's own"):
            _understood(body)


def test_refusals_hold_no_secret() -> None:
    for body in (
        {"task_suite": [{"intent": "x", "type": "hunter22"}], "token": "hunter22"},
        {"task_file": "hunter22.json", "token": "hunter22"},
        {"task_suite": [GO], "profile_id": {"hunter22": 1}, "token": "hunter22"},
        {"task_suite": [{"intent": "{{hunter22}}", "type": "click"}], "token": "hunter22"},
    ):
        with pytest.raises(PlanError) as told:
            _understood(body)
        assert "hunter22" not in told.value.message, told.value.message


def test_too_many_secrets_are_refused() -> None:
    _taken(secret=[f"s{n:05}" for n in range(MAX_SECRETS)])
    with pytest.raises(PlanError, match="more than"):
        _taken(secret=[f"s{n:05}" for n in range(MAX_SECRETS + 1)])


def test_signatures_do_not_hang_on_secrets_or_on_the_order_of_fields() -> None:
    step = {
        "type": "fill_field",
        "intent": "Fill it",
        "params": {"label": "Password", "value": "one-1"},
    }
    other = {**step, "params": {"value": "two-2", "label": "Password"}}
    first = _understood({"task_suite": [GO, step], "token": "zzzzzz", "about": "q"})
    second = _understood({"about": "q", "token": "yyyyyy", "task_suite": [GO, other]})
    assert first.signature == second.signature
    assert first.options.workflow_id == second.options.workflow_id


def test_names_work_as_given_and_show_no_secret() -> None:
    submission = _understood({"task_suite": [GO], "profile_id": "p-hunter2", "token": "hunter2"})
    assert submission.options.profile_id == "p-hunter2"
    assert submission.payload["profile_id"] == "p-***"
    assert submission.shown("hosts: hunter2.test") == "hosts: ***.test"


def test_hosts_are_those_of_the_real_urls() -> None:
    step = {"intent": "x", "type": "navigate", "url": "https://u:{{password}}@shop.test/?token=abc"}
    submission = _understood({"task_suite": [step], "inputs": {"password": "shop"}})
    assert submission.hosts == {"shop.test"}


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0{}"), max_size=20)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from(["password", "note", "auth", "x"]) | _TEXTS, _VALUES))
def test_what_was_taken_out_comes_back(body: dict[str, JsonValue]) -> None:
    body.pop("task_file_contents", None)
    taken = take_out(body)
    assert restored(taken.body, taken.secrets) == body


@settings(deadline=None, max_examples=300)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0{}"), min_size=6, max_size=30),
    _TEXTS,
)
def test_no_spelling_of_a_long_secret_is_left(secret: str, around: str) -> None:
    spellings = [
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret),
        html.escape(secret),
    ]
    taken = take_out({"password": secret, "notes": [around + one + around for one in spellings]})
    if secret.strip() and secret.strip().casefold() not in ("***", "http", "https", "false"):
        left = json.dumps(masked(taken.body["notes"]), ensure_ascii=False)
        found = Occurrences([secret])
        assert len(secret.strip()) < 6 or not found.spans(left), left
