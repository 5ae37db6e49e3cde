"""Shows a page to a model: elements, text and picture, with no secret of the run in them."""

from collections.abc import Iterable

from playwright.async_api import Error, Page

from activities.asks_store import AsksStore
from activities.browser.content import capture_content
from activities.browser.picture import picture_for_model, size_of_jpeg
from activities.steps.masking import Mask
from inference.asking import Look, Picture
from inference.content import Content
from inference.decisions import Candidate
from inference.looks import MOST_TEXT, look_of, secret_boxes, visible_text
from inference.observation import Observation
from workflows.interfaces import RunKey

_QUALITY = 80


async def model_look(
    page: Page,
    observation: Observation,
    store: AsksStore,
    run: RunKey,
    mask: Mask,
    candidates: Iterable[Candidate] = (),
) -> Look:
    """Put what a model is shown of the page into the store.

    Where secrets can be read in the view, they are covered in the picture, and texts hold the
    references to them. A page that can't be read is shown without its text and picture.

    Raises:
        OSError: the store can't be written.
    """
    try:
        content = await capture_content(page)
    except Error:
        return look_of(observation, "", None, mask.worded, candidates)
    text = visible_text(content)
    picture = await picture_in_store(page, content, store, run, mask)
    cut = mask.worded(text.text)[:MOST_TEXT]
    return look_of(observation, cut, picture, mask.worded, candidates)


async def picture_in_store(
    page: Page, content: Content, store: AsksStore, run: RunKey, mask: Mask
) -> Picture | None:
    """A picture of the viewport with the secrets that `content` shows covered.

    Raises:
        OSError: the store can't be written.
    """
    covered = secret_boxes(content, visible_text(content), mask.spans)
    taken = await picture_for_model(page, covered, _QUALITY)
    size = None if taken is None else size_of_jpeg(taken)
    if taken is None or size is None:
        return None
    key = await store.write_picture(run, taken, "image/jpeg")
    return Picture(key=key, media_type="image/jpeg", width=size[0], height=size[1])
