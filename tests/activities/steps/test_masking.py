"""A run's secrets are taken out of what a step writes."""

from activities.steps.masking import Mask
from plans.calls import Outcome
from plans.placeholders import with_texts
from plans.step import Step

MASK = Mask({"site_password": "p@ss wörd", "city": "Miami", "token": "ab"})


def test_every_occurrence_goes_in_texts_lists_and_objects() -> None:
    value = {"a": ["x p@ss wörd y", {"b": "p@ss wördp@ss wörd"}], "n": 3, "city": "Miami"}
    assert MASK.value(value) == {"a": ["x *** y", {"b": "******"}], "n": 3, "city": "Miami"}


def test_the_forms_it_has_in_urls_go_too() -> None:
    assert MASK.text("http://x/?q=p%40ss+w%C3%B6rd&c=Miami") == "http://x/?q=***&c=Miami"
    assert MASK.text("http://x/p%40ss%20w%C3%B6rd") == "http://x/***"


def test_too_short_a_value_masks_nothing() -> None:
    assert MASK.text("about a cab") == "about a cab"


def test_a_secret_of_the_ledger_is_known_by_its_name() -> None:
    mask = Mask({"secret.1": "hunter22", "secret.answer.p1": 123456, "secret.in.2": "", "pin": "9"})
    assert mask.parts("hunter22") == (("", "secret.1"),)
    assert mask.parts("123456") == (("", "secret.answer.p1"),)
    assert mask.parts("It is hunter22, or 123456!") == (
        ("It is ", ""),
        ("", "secret.1"),
        (", or ", ""),
        ("", "secret.answer.p1"),
        ("!", ""),
    )
    assert mask.parts("hunter2 and {{secret.1}}") == (("hunter2 and {{secret.1}}", ""),)
    assert mask.parts("") == ()
    assert mask.parts("9") is None
    assert mask.parts("hunter%32%32") is None


def test_what_is_written_can_be_encoded() -> None:
    half = "x" * 119 + "\ud83d"
    assert MASK.value({half: [half]}) == {"x" * 119 + "\ufffd": ["x" * 119 + "\ufffd"]}
    assert Outcome(success=False, message=MASK.text(half)).model_dump_json()


def test_what_a_content_block_is_stays_whatever_the_secrets_are() -> None:
    block = {
        "type": "tool_result",
        "tool_use_id": "toolu_014821",
        "toolset_name": "browser",
        "content": [
            {"type": "text", "text": "a text, and 4821"},
            {"type": "image", "source": {"type": "artifact", "key": "asks/4821.jpg"}},
            {"type": "browser_state", "tabs": [{"tab_id": "tab_1", "title": "text"}]},
        ],
    }
    mask = Mask({"secret.1": "text", "secret.2": "4821", "secret.3": "tool_result"})
    kept = mask.worded_block(block)
    assert kept == block | {
        "content": [
            {"type": "text", "text": "a {{secret.1}}, and {{secret.2}}"},
            {"type": "image", "source": {"type": "artifact", "key": "asks/4821.jpg"}},
            {"type": "browser_state", "tabs": [{"tab_id": "tab_1", "title": "{{secret.1}}"}]},
        ]
    }


def test_what_a_step_is_stays_whatever_the_secrets_are() -> None:
    step = Step.model_validate(
        {
            "type": "click",
            "section": "setup",
            "intent": "click 1234",
            "params": {"label": "setup", "count": 1234},
        }
    )
    mask = Mask({"secret.1": "click", "secret.2": "setup", "secret.3": "1234"})
    worded = with_texts(step, mask.words, mask.worded_value)
    assert (worded.type, worded.section) == (step.type, step.section)
    assert worded.intent == "{{secret.1}} {{secret.3}}"
    assert (worded.params.label, worded.params.count) == ("{{secret.2}}", 1234)
