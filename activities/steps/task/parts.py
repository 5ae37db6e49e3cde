"""The acts of one turn of a task, each claimed on its own, and what a lost try left of them."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import Final

from activities.browser.navigate import navigate, same_document
from activities.steps.acts import Acts
from activities.steps.context import StepContext
from activities.steps.deciding import Finding, Found, decide
from activities.steps.report import Report
from ledger.models import Claim

_ANSWER_S: Final = 5.0
_LANDING_S: Final = 15.0
_POLL_S: Final = 0.1


class PartUnknown(Exception):
    """Whether an act of a lost try was done can't be told: it is not done a second time."""


@dataclass
class Parts:
    """Counts the acts of a turn, and gives each a claim of its own.

    `acted`: the acts with the claim of one that must not happen twice and may have been done.
    """

    context: StepContext
    count: int = 0
    acted: Acts | None = None
    _base: Acts = field(init=False)

    def __post_init__(self) -> None:
        self._base = self.context.acts

    async def begin(self, name: str = "") -> Found | None:
        """The next act is about to be tried; what became of it in a lost try, where it was done.

        Args:
            name: tells the act from another that might be the next of this turn, where an older
                run whose claims this one has may have come by another answer.

        Raises:
            PartUnknown: that can't be told.
        """
        context = self.context
        self.count += 1
        acts = Acts(
            context.session,
            context.ledger,
            context.run,
            context.call,
            context.step,
            context.mask,
            part=f"a{self.count}.{_short(name)}" if name else f"a{self.count}",
        )
        context.acts = acts
        claim = await self._earlier(acts.key)
        if claim is None:
            return None
        found = await self._find(claim)
        match found.finding:
            case Finding.NOT_SENT:
                acts.cleared = True
                return None
            case Finding.DONE:
                acts.claim = claim
                self._keep(acts)
                await self._land(found)
                return found
            case Finding.REFUSED:
                return found
            case Finding.SENT | Finding.UNKNOWN:
                acts.claim = claim
                self._keep(acts)
                raise PartUnknown(found.why)

    async def end(self, report: Report) -> None:
        """The act is over: write down what became of its claim."""
        acts, context = self.context.acts, self.context
        if acts.claim is None:
            return
        state = acts.settled(report)
        if state is not None:
            run = context.run
            await context.ledger.claims.settle(run.tenant_id, run.run_id, acts.key, state)
        if state != "not_done":
            self._keep(acts)

    def close(self) -> None:
        """No act is under way any more: the turn as a whole stands for what its acts were."""
        self.context.acts = self._base if self.acted is None else self.acted

    def _keep(self, acts: Acts) -> None:
        claim = acts.claim
        if claim is not None and (self.acted is None or claim.kind == "act"):
            self.acted = acts

    async def left_open(self) -> Claim | None:
        """An act of this task in an older run of which nobody knows what became."""
        context, call = self.context, self.context.call
        claims = await context.ledger.claims.read(context.run.tenant_id, context.run.run_id)
        own = [one for one in claims if one.call_key.startswith(f"{call.whole_key}:")]
        open_ones = [one for one in own if one.state == "claimed" and one.kind == "act"]
        for claim in open_ones:
            found = await self._find(claim)
            if found.finding in (Finding.SENT, Finding.UNKNOWN):
                return claim
        return None

    async def _earlier(self, key: str) -> Claim | None:
        context = self.context
        if not context.request.again and not context.resumed_from:
            return None
        return await context.ledger.claims.get(context.run.tenant_id, context.run.run_id, key)

    async def _find(self, claim: Claim) -> Found:
        """What the ledger and the journal say; an answer that may still come gets a moment."""
        if claim.state == "done":
            journal = self.context.session.journal_of(claim.session_id)
            landing = decide(claim, journal, self.context.mask).landing
            return Found(Finding.DONE, "it was done before", landing=landing)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.context.time_left(_ANSWER_S)
        while True:
            journal = self.context.session.journal_of(claim.session_id)
            found = decide(claim, journal, self.context.mask)
            waiting = found.finding is Finding.SENT and journal.alive
            if not waiting or loop.time() >= deadline:
                if claim.state == "not_done" and not journal.complete:
                    return Found(Finding.NOT_SENT, "it was not done")
                return found
            await asyncio.sleep(_POLL_S)

    async def _land(self, found: Found) -> None:
        """Go on where the act led: a lost try's page may be shown as it was before it."""
        page = self.context.page
        if found.landing and not same_document(page.url, found.landing):
            await self.context.acts.mark()
            time_s = self.context.time_left(_LANDING_S)
            await navigate(page, found.landing, timeout_s=time_s)


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:10]
