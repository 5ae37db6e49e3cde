"""A plan: its steps, the run options it brings along, and what else its file said."""

import hashlib

from pydantic import Field, JsonValue

from plans.json_text import canonical_json
from plans.step import Frozen, Step


class Plan(Frozen):
    """A micro-plan as the caller wrote it, placeholders unfilled, counts unclamped.

    `runtime` are options of a run in the words of the contract; a caller's own beat them.
    `metadata` is whatever else the plan's object held.
    """

    steps: tuple[Step, ...]
    name: str = ""
    runtime: dict[str, JsonValue] = Field(default_factory=dict)
    metadata: dict[str, JsonValue] = Field(default_factory=dict)

    def signature(self) -> str:
        """SHA-256 in hex of the canonical JSON of steps and runtime.

        A field written with its default value and one left out sign the same.
        """
        body: JsonValue = {
            "steps": [step.model_dump(mode="json", exclude_defaults=True) for step in self.steps],
            "runtime": self.runtime,
        }
        return sign(body)


class PlanText(Frozen):
    """A plan in plain words, to be decomposed by the run's first step."""

    text: str
    name: str = ""

    def signature(self) -> str:
        """SHA-256 in hex of the text."""
        return sign({"plan_text": self.text})


def sign(value: JsonValue) -> str:
    """SHA-256 in hex of a document's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
