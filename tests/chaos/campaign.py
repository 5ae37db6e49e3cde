"""Runs that go on, a few at a time, while fault after fault is done to the stack below them."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.faults import LEASE_OVER_S, Fault, Faults, NothingToStrike, Struck
from tests.chaos.jobs import Job, extraction, login, order
from tests.chaos.service import TERMINAL
from tests.chaos.stage import Stage
from tests.chaos.strikes import Hit, Strike, measure, next_step, told
from tests.chaos.watching import RunWatch

ANY_MOMENT = "any moment"
PAUSE = "request_user_input"
_TICK_S = 0.03
_INTO_STEP_S = 0.5
"""Most steps are over within this time: the fault comes at some point of it."""
_AIM_WITHIN_S = 60.0
_GO_ON_WITHIN_S = 75.0
_QUIET_EVERY = 15
_LEFT_WITHIN_S = 100.0
"""A browser that a drained worker left to its holder may wait a minute for the next worker."""
_MOST_STRIKES = 3
"""A run that was struck so often is let alone, so that it ends."""
JOBS = ("extraction", "login", "order")


@dataclass(frozen=True)
class Order:
    """A fault that is to be done: to a run of which job, at a step of which type."""

    fault: Fault
    job: str = ""
    aim: str = ""


class Campaign:
    """Does faults, one after another, and keeps what became of them.

    Attributes:
        strikes: the faults done so far.
        watches: every run, over or not.
        leaks: what was left at a quiet moment or at the end.
    """

    def __init__(
        self,
        stage: Stage,
        seed: int,
        say: Callable[[str], None],
        at_once: int = 2,
        jobs: tuple[str, ...] = JOBS,
    ) -> None:
        self.strikes: list[Strike] = []
        self.watches: list[RunWatch] = []
        self.leaks: list[str] = []
        self._stage = stage
        self._chance = random.Random(seed)
        self._faults = Faults(stage, self._chance)
        self._say = say
        self._at_once = at_once
        self._jobs = jobs
        self._deck: list[str] = []
        self._told: set[str] = set()
        self._struck_steps: set[tuple[Fault, str, str]] = set()

    def run(self, orders: list[Order]) -> None:
        """Do these faults, then let all runs end."""
        for number, wanted in enumerate(orders, start=1):
            self._keep_running(wanted.job)
            self._one(number, wanted)
            if number % _QUIET_EVERY == 0:
                self._quiet()
        self._quiet()

    def orders(self, count: int, only: tuple[Fault, ...] = ()) -> list[Order]:
        """So many faults, each possible kind as often as the others, in a drawn order."""
        kinds = [one for one in self._faults.possible() if not only or one in only]
        drawn: list[Order] = []
        while len(drawn) < count:
            self._chance.shuffle(kinds)
            drawn += [Order(kind) for kind in kinds]
        return drawn[:count]

    # -- one fault

    def _one(self, number: int, wanted: Order) -> None:
        self._faults.prepare(wanted.fault)
        try:
            strike = self._aimed(number, wanted)
        except NothingToStrike:
            self._say(f"#{number} {wanted.fault}: nothing to strike")
            self._faults.undo(wanted.fault, Struck(0.0, 0.0))
            return
        self.strikes.append(strike)
        self._until_they_go_on(strike)
        self._faults.undo(wanted.fault, strike.struck)
        self._say(f"#{number} {told(strike)}")

    def _aimed(self, number: int, wanted: Order) -> Strike:
        """Wait for the moment, and do it; a target that is over by then gives way to another."""
        deadline = time.monotonic() + _AIM_WITHIN_S
        while time.monotonic() < deadline:
            self._keep_running(wanted.job)
            target = self._target(wanted)
            if target is None:
                time.sleep(_TICK_S)
                continue
            aim, position = self._aim(wanted, target)
            if not self._wait_for_moment(target, aim, position):
                continue
            try:
                return self._strike(number, wanted.fault, aim, target)
            except NothingToStrike:
                target.hold.clear()
                time.sleep(_TICK_S)
        raise NothingToStrike

    def _target(self, wanted: Order) -> RunWatch | None:
        """The live run that was struck least, of the wanted job; one struck often may end."""
        live = [one for one in self._live() if wanted.job in ("", one.job.name)]
        fresh = [one for one in live if self._strikes_of(one) < _MOST_STRIKES]
        self._chance.shuffle(fresh)
        return min(fresh, key=self._strikes_of) if fresh else None

    def _aim(self, wanted: Order, target: RunWatch) -> tuple[str, int]:
        """A step of the target that is still to come: its type, and how many are before it."""
        done = target.progress.steps
        ahead = [one for one in _places(target.job.kinds) if one[1] >= max(done, 1)]
        if wanted.aim:
            ahead = [one for one in ahead if one[0] == wanted.aim]
        elif self._chance.random() < 0.25:
            ahead = []
        if not ahead:
            return ANY_MOMENT, 0
        new = [
            one
            for one in ahead
            if (wanted.fault, target.job.name, one[0]) not in self._struck_steps
        ]
        return self._chance.choice(new or ahead)

    def _wait_for_moment(self, target: RunWatch, aim: str, position: int) -> bool:
        """Wait until the target does the step; False where it is over before."""
        paused_first = aim == PAUSE
        if paused_first:
            target.hold.set()
        deadline = time.monotonic() + _AIM_WITHIN_S
        while not target.over and target.progress.status not in TERMINAL:
            there = target.progress.steps >= position and target.progress.status != "queued"
            if paused_first:
                there = target.progress.status == "paused"
            if target.run_id and target.progress.status and there:
                most = 3.0 if aim == ANY_MOMENT else _INTO_STEP_S
                time.sleep(self._chance.uniform(0, most))
                return not target.over and target.progress.status not in TERMINAL
            if time.monotonic() > deadline:
                break
            time.sleep(_TICK_S)
        target.hold.clear()
        return False

    def _strike(self, number: int, fault: Fault, aim: str, target: RunWatch) -> Strike:
        hits = [
            Hit(one, one.progress.steps, one.progress.status == "paused")
            for one in self._live()
            if one.run_id
        ]
        struck = self._faults.strike(fault, target)
        target.hold.clear()
        self._struck_steps.add((fault, target.job.name, aim))
        return Strike(number, fault, aim, struck, f"{target.job.name} {target.run_id}", hits)

    def _until_they_go_on(self, strike: Strike) -> None:
        """Wait until each run has done a step since, waits for an answer, or is over."""
        least = strike.struck.at + LEASE_OVER_S if strike.fault is Fault.ZOMBIE else 0.0
        deadline = time.monotonic() + _GO_ON_WITHIN_S

        def goes_on(hit: Hit) -> bool:
            return hit.watch.over or next_step(hit.watch, strike) is not None

        while time.monotonic() < deadline:
            if all(goes_on(hit) for hit in strike.hits) and time.time() > least:
                break
            self._tell_ends()
            time.sleep(_TICK_S)
        else:
            strike.stuck = True
        for hit in strike.hits:
            measure(hit, strike)

    # -- runs

    def _live(self) -> list[RunWatch]:
        return [one for one in self.watches if not one.over]

    def _strikes_of(self, watch: RunWatch) -> int:
        return sum(any(hit.watch is watch for hit in strike.hits) for strike in self.strikes)

    def _keep_running(self, job: str = "") -> None:
        """Start runs until enough go on, one of the wanted job among them."""
        self._tell_ends()
        while len(self._live()) < self._at_once:
            missing = job and all(one.job.name != job for one in self._live())
            self._start(job if missing else self._drawn())
        while job and all(one.job.name != job for one in self._live()):
            self._tell_ends()
            if len(self._live()) < self._at_once:
                self._start(job)
            time.sleep(_TICK_S)

    def _drawn(self) -> str:
        """A job by chance; of those that sign in, one at a time: the site has one user."""
        busy = {one.job.name for one in self._live()} & {"login"}
        for _ in range(2):
            for name in self._deck:
                if name not in busy:
                    self._deck.remove(name)
                    return name
            self._deck += self._chance.sample(self._jobs, len(self._jobs))
        return self._jobs[-1]

    def _start(self, name: str) -> None:
        number = len(self.watches) + 1
        site, visitor = self._stage.site, f"run-{number}"
        made: dict[str, Callable[[], Job]] = {
            "extraction": lambda: extraction(site, visitor),
            "login": lambda: login(site, visitor),
            "order": lambda: order(site, visitor, number),
        }
        chance = random.Random(self._chance.random())
        watch = RunWatch(made[name](), site, self._stage.api, chance)
        self.watches.append(watch)
        watch.start()

    def _tell_ends(self) -> None:
        for watch in self.watches:
            if watch.over and watch.job.visitor not in self._told:
                self._told.add(watch.job.visitor)
                verdict = watch.verdict
                end = "right" if verdict.right else "unknown" if verdict.unknown else "WRONG"
                self._say(
                    f"   {watch.job.visitor} {watch.job.name} {watch.run_id}: {end} "
                    f"in {watch.ended - watch.began:.1f} s {verdict.why} {watch.notes or ''}"
                )

    def _quiet(self) -> None:
        """Let all runs end, and see what is left of them."""
        for watch in self._live():
            watch.join()
        self._tell_ends()
        left = [one for one in self._stage.leaks(_LEFT_WITHIN_S) if one not in self.leaks]
        if left:
            self._say(f"   left: {left}")
            self.leaks += left


def _places(kinds: tuple[str, ...]) -> list[tuple[str, int]]:
    """Each step's type, and how many steps are over before it; a pause is no such step."""
    places: list[tuple[str, int]] = []
    before = 0
    for kind in kinds:
        places.append((kind, before))
        before += kind != PAUSE
    return places
