"""The n-th of a list over several pages, counted from its first page only."""

import pytest

from tests.inference.dom.compound.conftest import Player

pytestmark = pytest.mark.browser

PAGES = """<title></title><div id=l></div><nav id=p aria-label=pagination class=pagination></nav>
<script>let at = %d;
const draw = () => { l.innerHTML = ''; p.innerHTML = '';
  for (let i = 3 * at + 1; i <= 3 * at + 3; i += 1) l.innerHTML +=
    `<div><a href='#' class=search-result onclick='document.title = "${i}"'>` +
    `Thing ${'xyzuvw'[i %% 6]}</a></div>`;
  const put = (name, to, here) => { const a = document.createElement('a'); a.textContent = name;
    a.href = '#'; if (here) a.setAttribute('aria-current', 'page');
    a.onclick = () => { at = to; draw() }; p.append(a, ' ') };
  if (%s) for (const n of [0, 1, 2]) put(n + 1, n, n === at);
  else if (at) put('Previous page', at - 1);
  if (at < 2) put('Next page', at + 1) }; draw()
</script>"""


@pytest.mark.parametrize("numbers", ["true", "false"])
@pytest.mark.parametrize(("at", "title"), [(0, "5"), (1, "")])
def test_nothing_is_counted_from_a_later_page(
    player: Player, numbers: str, at: int, title: str
) -> None:
    player.show(PAGES % (at, numbers))
    played = player.play("Find and click the 5th search result")
    assert played.said == title and (played.end is None) is bool(title), played
