"""What a call begins with: what was asked before, and what models may do for it."""

from typing import Final

from activities.asks_store import AsksStore
from activities.browser.session import BrowserSession
from activities.steps.turns.asks import Asks
from activities.steps.turns.progress import Progress, begin
from activities.steps.turns.remote import Asking
from activities.steps.values import Values
from inference.bounds import Bounds
from plans.placeholders import SECRET, fill_step, names_in, names_in_step, texts_in, with_texts
from plans.step import Step, TierName
from workflows.interfaces import StepRequest

_MODELS: Final = (TierName.HOLO3, TierName.CLAUDE)


def asking_of(
    request: StepRequest, session: BrowserSession, store: AsksStore, values: Values
) -> Asking:
    """What the questions of a call are made of, at the turn that the request is for.

    Args:
        request: the call, with the progress of the turn before and its answer.
        session: shows the page.
        store: holds questions and answers.
        values: of the run.
    """
    step, progress = request.call.step, begin(request)
    asks = Asks(
        run=request.run,
        store=store,
        mask=values.mask,
        models=tuple(one for one in request.models if one in _MODELS),
        now=progress,
        secrets=values.secrets,
        user_input=request.user_input,
        notes=list(progress.notes),
    )
    return Asking(asks, session, _worded(step, values), _bounds(step, values, progress))


def _bounds(step: Step, values: Values, progress: Progress) -> Bounds:
    """What models may do for a step: its own secrets and answers, the hosts of the plan."""
    own = {name for name in names_in_step(step) if name.startswith(SECRET)}
    named = (values.open.get(name) for name in names_in_step(step))
    for value in named:
        own |= {
            name for text in texts_in(value) for name in names_in(text) if name in values.secrets
        }
    return Bounds(
        hosts=values.hosts,
        secrets=values.secrets,
        own=frozenset(own | set(progress.answers)),
    )


def _worded(step: Step, values: Values) -> Step:
    """The step as a model may read it."""
    mask = values.mask
    return with_texts(fill_step(step, values.open), mask.words, mask.worded_value)
