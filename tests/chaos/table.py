"""The table that a campaign ends with, and whether every target is met."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from tests.chaos.campaign import Campaign
from tests.chaos.faults import ON_ANOTHER_HOST, Fault
from tests.chaos.strikes import Strike
from tests.chaos.watching import RunWatch
from tests.e2e.live import Document

SAME_HOST_S = 5.0
OTHER_HOST_S = 10.0
_HEAD = (
    "fault",
    "faults",
    "runs",
    "right",
    "unknown",
    "wrong",
    "dup. acts",
    "lost rows",
    "dup. rows",
    "median s",
    "p95 s",
)


@dataclass(frozen=True)
class Line:
    """One kind of fault, or all of them."""

    name: str
    faults: int
    runs: int
    right: int
    unknown: int
    wrong: int
    duplicate_acts: int
    lost_rows: int
    duplicate_rows: int
    median_s: float | None
    p95_s: float | None

    def cells(self) -> list[str]:
        """As text, in the order of the head."""
        times = ["-" if one is None else f"{one:.1f}" for one in (self.median_s, self.p95_s)]
        counts = (self.faults, self.runs, self.right, self.unknown, self.wrong)
        sums = (self.duplicate_acts, self.lost_rows, self.duplicate_rows)
        return [self.name, *map(str, counts), *map(str, sums), *times]


def p95(values: Sequence[float]) -> float | None:
    """The value that 95 of 100 don't exceed."""
    return sorted(values)[min(int(len(values) * 0.95), len(values) - 1)] if values else None


def line(name: str, strikes: Iterable[Strike]) -> Line:
    """What became of the runs that these faults hit."""
    strikes = list(strikes)
    watches = {hit.watch for strike in strikes for hit in strike.hits}
    times = [
        hit.next_step_s for strike in strikes for hit in strike.hits if hit.next_step_s is not None
    ]
    return _line(name, len(strikes), watches, times)


def _line(name: str, faults: int, watches: Iterable[RunWatch], times: Sequence[float]) -> Line:
    verdicts = [watch.verdict for watch in watches]
    right = sum(one.right for one in verdicts)
    unknown = sum(one.unknown for one in verdicts)
    return Line(
        name=name,
        faults=faults,
        runs=len(verdicts),
        right=right,
        unknown=unknown,
        wrong=len(verdicts) - right - unknown,
        duplicate_acts=sum(one.duplicate_acts for one in verdicts),
        lost_rows=sum(one.lost_rows for one in verdicts),
        duplicate_rows=sum(one.duplicate_rows for one in verdicts),
        median_s=statistics.median(times) if times else None,
        p95_s=p95(times),
    )


@dataclass(frozen=True)
class Report:
    """Lines by fault, then totals; `missed` names the targets that are not met."""

    lines: tuple[Line, ...]
    same_host: Line
    other_host: Line
    total: Line
    not_run: tuple[Fault, ...]
    leaks: tuple[str, ...]
    missed: tuple[str, ...]

    def text(self) -> str:
        """The table."""
        rows = [list(_HEAD)]
        rows += [one.cells() for one in self.lines]
        rows += [[fault, "not run", *[""] * (len(_HEAD) - 2)] for fault in self.not_run]
        rows += [one.cells() for one in (self.same_host, self.other_host, self.total)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
        lines = [
            "  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        rule = "-" * max(map(len, lines))
        body = [lines[0], rule, *lines[1:-3], rule, *lines[-3:]]
        body.append(f"left behind: {len(self.leaks)}" + "".join(f"\n  {one}" for one in self.leaks))
        body.append(f"missed: {'; '.join(self.missed)}" if self.missed else "every target is met")
        return "\n".join(body)

    def wrong_counts(self) -> list[str]:
        """What must not be at all, on the slowest machine."""
        return list(_wrong(self.total, self.leaks))

    def document(self) -> Document:
        """For the file beside the table."""
        return {
            "lines": [asdict(one) for one in (*self.lines, self.same_host, self.other_host)],
            "total": asdict(self.total),
            "not_run": list(self.not_run),
            "left_behind": list(self.leaks),
            "missed": list(self.missed),
        }


def report(campaign: Campaign, not_run: Sequence[Fault]) -> Report:
    """Sum a campaign up."""
    strikes = campaign.strikes
    lines = tuple(
        line(fault, [one for one in strikes if one.fault is fault])
        for fault in Fault
        if any(one.fault is fault for one in strikes)
    )
    same = line("same host", [one for one in strikes if one.fault not in ON_ANOTHER_HOST])
    other = line("another host", [one for one in strikes if one.fault in ON_ANOTHER_HOST])
    times = [hit.next_step_s for one in strikes for hit in one.hits if hit.next_step_s is not None]
    total = _line("all runs", len(strikes), campaign.watches, times)
    missed = tuple(_missed(total, same, other, campaign.leaks))
    return Report(lines, same, other, total, tuple(not_run), tuple(campaign.leaks), missed)


def _missed(total: Line, same: Line, other: Line, leaks: Sequence[str]) -> Iterable[str]:
    yield from _wrong(total, leaks)
    for one, most in ((same, SAME_HOST_S), (other, OTHER_HOST_S)):
        if one.median_s is not None and one.median_s >= most:
            yield f"median on {one.name}: {one.median_s:.1f} s, not under {most:.0f} s"


def _wrong(total: Line, leaks: Sequence[str]) -> Iterable[str]:
    counts = {
        "runs with a wrong end": total.wrong,
        "duplicate acts": total.duplicate_acts,
        "lost rows": total.lost_rows,
        "duplicate rows": total.duplicate_rows,
        "left behind": len(leaks),
    }
    return (f"{name}: {count}" for name, count in counts.items() if count)


def details(campaign: Campaign) -> Document:
    """Every fault and every run, for the file beside the table."""
    return {
        "faults": [
            {
                "number": one.number,
                "fault": one.fault,
                "aim": one.aim,
                "target": one.target,
                **asdict(one.struck),
                "stuck": one.stuck,
                "runs": [
                    {
                        "run_id": hit.watch.run_id,
                        "job": hit.watch.job.name,
                        "steps_before": hit.steps,
                        "paused": hit.paused,
                        "next_step_s": hit.next_step_s,
                        "step_type": hit.step_type,
                    }
                    for hit in one.hits
                ],
            }
            for one in campaign.strikes
        ],
        "runs": [
            {
                "run_id": one.run_id,
                "job": one.job.name,
                "visitor": one.job.visitor,
                "began": one.began,
                "ended": one.ended,
                "pauses_answered": one.answered,
                "notes": one.notes,
                **asdict(one.verdict),
            }
            for one in campaign.watches
        ],
    }
