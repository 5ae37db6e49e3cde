"""The acts of one call: marked at the holder before the first, claimed where once must do."""

from dataclasses import dataclass

from playwright.async_api import ElementHandle

from activities.browser.session import BrowserSession
from activities.holder.journal import bare_url
from activities.steps.deciding import Finding, decide
from activities.steps.effect import shows_effect, tells_effect
from activities.steps.masking import Mask
from activities.steps.report import Report
from activities.steps.target import target_of
from inference.decisions import ActKind
from inference.guarded import Guard, guard_of
from ledger.ledger import Ledger
from ledger.models import Claim, NewClaim, SettledState
from plans.calls import Call
from plans.step import FailureClass, Step
from workflows.interfaces import RunKey

_LONGEST_WHAT = 300
_LONGEST_URL = 1000
_UNTOUCHED = frozenset({ActKind.SCROLL, ActKind.HOVER})


def rest_key(call_key: str) -> str:
    """The key of the claim that several acts of one call have until all of them are done."""
    return f"{call_key}:rest"


class ClaimedElsewhere(Exception):
    """Another try of this very call has claimed the act, and what became of it is not known."""


@dataclass
class Acts:
    """What a call tells before it acts.

    `marked`: something was about to be done to a page. `claim` is that of the call, or of
    the earlier try that decided about it. `cleared`: an earlier try was found not done, so
    that its claim may be taken over. `more`: the act that comes next is not the last one. Then
    a second claim, `unfinished`, stands beside that of the call until the last is done. `part`
    names one of several acts of a call that are claimed each on its own.
    """

    session: BrowserSession
    ledger: Ledger
    run: RunKey
    call: Call
    step: Step
    mask: Mask
    marked: bool = False
    claim: Claim | None = None
    cleared: bool = False
    more: bool = False
    unfinished: bool = False
    part: str = ""

    @property
    def key(self) -> str:
        """The key that these acts are claimed under."""
        return f"{self.call.key}:{self.part}" if self.part else self.call.key

    async def mark(self) -> None:
        """Tell the holder that this call begins to act; once a call.

        Raises:
            ActivityError: this worker does not hold the session any more.
        """
        if not self.marked:
            await self.session.acting(self.call.key, guarded=False)
            self.marked = True

    async def before(
        self,
        element: ElementHandle | None,
        act: ActKind,
        text: str,
        onto: ElementHandle | None = None,
    ) -> None:
        """Mark an act that is about to be done; claim it where it must not happen twice.

        What a thing is dragged `onto` says what the drag does.

        Raises:
            ActivityError: this worker does not hold the session any more.
            ClaimedElsewhere: it must not be done now.
        """
        if self.claim is not None or (act in _UNTOUCHED and not self.step.once):
            return await self.mark()
        page = self.session.page
        target = await target_of(page, element if onto is None else onto)
        guard = guard_of(self.step, act, text, target, page.url)
        await (self.mark() if guard is None else self.take(guard))

    async def take(self, guard: Guard) -> None:
        """Claim a guarded act in the ledger, with the holder listening.

        Raises:
            ActivityError: this worker does not hold the session any more.
            ClaimedElsewhere: it must not be done now.
        """
        page = self.session.page
        telling = tells_effect(self.step) and not await shows_effect(page, self.step)
        hello = await self.session.acting(self.call.key, guarded=True)
        self.marked = True
        new = NewClaim(
            kind=guard.kind,
            session_id=self.session.session_id,
            journal_length=hello.journal_length if hello else 0,
            url=self.mask.text(bare_url(guard.url))[:_LONGEST_URL],
            what=self.mask.text(guard.what)[:_LONGEST_WHAT],
            method=guard.method,
            telling=telling,
        )
        claims = self.ledger.claims
        claim_act = claims.renew if self.cleared else claims.claim
        names = (self.run.tenant_id, self.run.run_id)
        if self.more and guard.kind == "act":
            self.unfinished = True
            await claim_act(*names, rest_key(self.key), new)
        claim = await claim_act(*names, self.key, new)
        self.claim = claim
        if not (claim.fresh or self.cleared):
            raise ClaimedElsewhere

    async def all_done(self) -> None:
        """Tell the ledger that none of several guarded acts is left undone."""
        if self.unfinished:
            key = rest_key(self.key)
            await self.ledger.claims.settle(self.run.tenant_id, self.run.run_id, key, "done")
            self.unfinished = False

    def settled(self, report: Report) -> SettledState | None:
        """What became of the claimed act, None where that is not known.

        After a failure the journal tells; an act that the site refused was not done.
        """
        if self.claim is None or report.failure_class is FailureClass.OUTCOME_UNKNOWN:
            return None
        if report.success:
            return "done"
        journal = self.session.journal_of(self.claim.session_id)
        match decide(self.claim, journal, self.mask).finding:
            case Finding.DONE:
                return "done"
            case Finding.REFUSED if self.unfinished:
                return None
            case Finding.NOT_SENT | Finding.REFUSED:
                return "not_done"
            case Finding.SENT | Finding.UNKNOWN:
                return None
