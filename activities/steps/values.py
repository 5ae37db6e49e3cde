"""What a run's placeholders stand for, and how the same looks to whoever may read it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from activities.steps.masking import Mask
from ledger.ledger import Ledger
from ledger.wire import masked_values
from plans.occurrences import MASK
from plans.placeholders import KEPT_WHOLE, SECRET, restored
from plans.sites import Hosts
from workflows.interfaces import RunKey

_RUNS_KNOWN = 32


@dataclass(frozen=True)
class Values:
    """Values for placeholders, and what masks the secrets among all that the run knows.

    `open` are the same with references in the place of secrets, whatever these are made of.
    `hosts` are those that the run's plan and inputs name, and that its tenant may reach,
    `secrets` the run's by name.
    """

    known: Mapping[str, JsonValue]
    open: Mapping[str, JsonValue]
    mask: Mask
    resumed_from: str = ""
    hosts: Hosts = field(default_factory=Hosts)
    secrets: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    @property
    def shown(self) -> Mapping[str, JsonValue]:
        """The same without its secrets."""
        shown = masked_values({name: self.mask.value(value) for name, value in self.open.items()})
        return shown | {name: MASK for name in self.known if name.startswith(SECRET)}


class RunValues:
    """Reads the values of runs; the inputs of the last few, which never change, are kept."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._given: dict[RunKey, _Given] = {}

    async def read(self, run: RunKey, wanted: Collection[str]) -> Values:
        """The run's inputs, over them its variables where any name is wanted, and its secrets.

        Raises:
            SecretUnreadable: they were encrypted with keys that are not at hand.
        """
        kept = await self._ledger.secrets.read(run.tenant_id, run.run_id)
        given = await self._read_given(run)
        written = dict(given.inputs)
        if wanted:
            written |= await self._ledger.variables.get_all(run.tenant_id, run.run_id)
        known = _with(written, kept) | kept
        whole = {name: value for name, value in kept.items() if name.startswith(KEPT_WHOLE)}
        shown = _with(written, whole)
        mask = Mask(known)
        return Values(known, shown, mask, given.resumed_from, given.hosts, kept)

    async def _read_given(self, run: RunKey) -> "_Given":
        given = self._given.pop(run, None)
        if given is None:
            row = await self._ledger.runs.get(run.tenant_id, run.run_id)
            inputs = row.payload.get("inputs") if row else None
            older = row.resumed_from if row else None
            given_inputs = inputs if isinstance(inputs, dict) else {}
            patterns = row.allowed_hosts if row else ()
            named: JsonValue = [row.plan, given_inputs] if row else []
            given = _Given(given_inputs, older or "", Hosts.of(named, given_inputs, patterns))
        self._given[run] = given
        while len(self._given) > _RUNS_KNOWN:
            del self._given[next(iter(self._given))]
        return given


@dataclass(frozen=True)
class _Given:
    """What a run was admitted with; it never changes."""

    inputs: Mapping[str, JsonValue]
    resumed_from: str
    hosts: Hosts


def _with(
    values: Mapping[str, JsonValue], secrets: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """The values with these secrets in the place of their references."""
    filled = restored(dict(values), secrets)
    return filled if isinstance(filled, dict) else {}
