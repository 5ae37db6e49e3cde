"""What a run's placeholders stand for, and how the same looks to whoever may read it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from activities.steps.masking import Mask
from ledger.ledger import Ledger
from ledger.wire import masked_values
from plans.occurrences import MASK
from plans.placeholders import SECRET, restored
from workflows.interfaces import RunKey

_RUNS_KNOWN = 32


@dataclass(frozen=True)
class Values:
    """Values for placeholders, and what masks the secrets among all that the run knows."""

    known: Mapping[str, JsonValue]
    mask: Mask

    @property
    def shown(self) -> Mapping[str, JsonValue]:
        """The same without its secrets."""
        shown = masked_values({name: self.mask.value(value) for name, value in self.known.items()})
        return shown | {name: MASK for name in self.known if name.startswith(SECRET)}


class RunValues:
    """Reads the values of runs; the inputs of the last few, which never change, are kept."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known_inputs: dict[RunKey, Mapping[str, JsonValue]] = {}

    async def read(self, run: RunKey, wanted: Collection[str]) -> Values:
        """The run's inputs, over them its variables where any name is wanted, and its secrets.

        Raises:
            SecretUnreadable: they were encrypted with keys that are not at hand.
        """
        kept = await self._ledger.secrets.read(run.tenant_id, run.run_id)
        inputs = restored(dict(await self._inputs(run)), kept)
        known: dict[str, JsonValue] = inputs if isinstance(inputs, dict) else {}
        if wanted:
            variables = await self._ledger.variables.get_all(run.tenant_id, run.run_id)
            known |= {name: restored(value, kept) for name, value in variables.items()}
        known |= kept
        return Values(known, Mask(known))

    async def _inputs(self, run: RunKey) -> Mapping[str, JsonValue]:
        known = self._known_inputs.pop(run, None)
        if known is None:
            row = await self._ledger.runs.get(run.tenant_id, run.run_id)
            given = row.payload.get("inputs") if row else None
            known = given if isinstance(given, dict) else {}
        self._known_inputs[run] = known
        while len(self._known_inputs) > _RUNS_KNOWN:
            del self._known_inputs[next(iter(self._known_inputs))]
        return known
