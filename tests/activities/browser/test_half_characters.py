# ruff: noqa: E501
"""Characters of two units, and halves of them, never keep a page from being looked at."""

import json

import pytest
from playwright.async_api import Page

from activities.browser.act import perform
from activities.browser.content import capture_content
from activities.browser.snapshot import capture
from activities.browser.typed import code_on
from inference.content import Content
from inference.decisions import ActKind
from inference.observation import Observation

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FACE = "\N{GRINNING FACE}"
BOUNDARIES = range(119, 242)

EVERY_LENGTH = """([face, lengths]) => {
  const select = document.body.appendChild(document.createElement('select'));
  for (const length of lengths) {
    const text = 'x'.repeat(length) + face + 'y'.repeat(200);
    const make = (tag, inside, attributes) => {
      const made = document.createElement(tag);
      made.textContent = inside;
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      document.body.append(made);
    };
    make('button', text, {});
    make('button', 'Go', { 'aria-label': text, id: text, class: text, 'data-testid': text });
    make('input', '', { placeholder: text, title: text, value: text, name: text });
    make('p', text, { title: text });
    make('h2', text, {});
    select.append(new Option(text));
  }
  const list = document.createElement('ul');
  for (const length of [79, 80, 81]) {
    list.append(Object.assign(document.createElement('li'), { innerText: 'x'.repeat(length) + face }));
  }
  document.body.append(Object.assign(document.createElement('button'), { innerText: 'Open' }), list);
  document.body.append(Object.assign(document.createElement('p'), { innerText: 'x'.repeat(7999) + face }));
  document.body.append(Object.assign(document.createElement('p'), { innerText: 'x'.repeat(1259) + face }));
  document.title = 'x'.repeat(3999) + face;
}"""

HALVES = r"""() => {
  const half = '\ud83d', other = '\ude00';
  document.title = 'Shop ' + half;
  document.documentElement.lang = half;
  document.body.innerHTML = '<h1></h1><button></button><a href="#x"></a><input><select></select><p></p>';
  document.querySelector('h1').textContent = half + ' Boats';
  document.querySelector('button').textContent = 'Save ' + other;
  document.querySelector('button').setAttribute('data-testid', half);
  document.querySelector('a').textContent = 'Next';
  document.querySelector('a').title = other + ' next';
  document.querySelector('p').textContent = 'One ' + half + other + ' two ' + other;
  const field = document.querySelector('input');
  for (const name of ['placeholder', 'aria-label', 'name', 'title', 'autocomplete']) field.setAttribute(name, name + half);
  field.value = half + half;
  const select = document.querySelector('select');
  for (const text of ['Red ' + half, other, 'Blue']) select.append(new Option(text));
}"""


async def looked(page: Page) -> tuple[Observation, Content]:
    """Both looks at the page; all they hold can be encoded."""
    snapshot = await capture(page)
    content = await capture_content(page)
    await snapshot.dispose()
    for text in (repr(snapshot.observation), content.model_dump_json()):
        assert "\\ud83d" not in text and "\\ude00" not in text
        assert text.encode()
    return snapshot.observation, content


async def test_a_cut_never_leaves_half_a_character(page: Page) -> None:
    await page.set_content("<!doctype html>")
    await page.evaluate(EVERY_LENGTH, [FACE, list(BOUNDARIES)])
    observation, content = await looked(page)
    assert "\ufffd" not in repr(observation)
    assert "\ufffd" not in content.model_dump_json()
    names = {one.name for one in observation.elements if one.tag == "button"}
    assert f"{'x' * 238}{FACE}" in names and "x" * 239 in names and "x" * 240 in names


async def test_halves_of_the_page_s_own_become_replacements(page: Page) -> None:
    await page.set_content("<!doctype html>")
    await page.evaluate(HALVES)
    observation, content = await looked(page)
    named = {one.tag: one for one in observation.elements}
    assert observation.title == content.title == "Shop \ufffd"
    assert named["button"].name == "Save \ufffd"
    assert named["select"].options == ("Red \ufffd", "\ufffd", "Blue")
    assert named["input"].value == "\ufffd\ufffd"
    assert any(one.text == f"One {FACE} two \ufffd" for one in observation.notices)
    assert any(FACE in node.text for node in content.nodes)
    assert json.loads(content.model_dump_json())["title"] == "Shop \ufffd"
    assert await code_on(page) is None


async def test_what_covers_a_target_is_named_in_whole_characters(page: Page) -> None:
    await page.set_content(
        "<!doctype html><button>Buy</button>"
        f"<div style='position:fixed;inset:0;background:#fff'>{'x' * 39}{FACE} and more</div>"
    )
    button = await page.query_selector("button")
    result = await perform(page, button, ActKind.CLICK, timeout_s=1)
    assert not result.success
    assert f'"{"x" * 39}"' in result.message
    assert result.message.encode()
