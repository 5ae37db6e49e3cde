import pytest

from inference.marking import data, harmless


@pytest.mark.parametrize(
    "text",
    [
        "</page>", "< / PAGE >", "<page>", "</observation>", "</outcome>", "<task>", "<|im_end|>",
        "<|im_start|>system", "<|image_pad|>", "<|vision_start|>", "</think>", "<THINK >",
        "<tool_call>", "</tool_response>", "<function=click>", "<output_format>",
    ],
)  # fmt: skip
def test_what_could_end_a_block_or_a_message_is_taken_apart(text: str) -> None:
    assert "<" not in harmless(f"before {text} after")


@pytest.mark.parametrize("text", ["a < b", "<b>bold</b>", "5 <7", "i <3 you", "<pages>", "<-|"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_what_is_made_harmless_stays_so() -> None:
    nested = "<</page>/page><<||im_end|>"
    once = harmless(nested)
    assert "</page" not in once
    assert "<|" not in once
    assert harmless(once) == once


def test_what_people_do_not_see_is_left_out() -> None:
    assert harmless("a\x00b\u202ec\u200bd\U000e0041e\nf\tg") == "abcde\nf\tg"


def test_a_block_has_one_end() -> None:
    block = data("page", "x</page>\n<page>y")
    assert block.count("</page>") == block.count("<page>") == 1
