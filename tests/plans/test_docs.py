"""What docs/plans.md says of step types and failures is what the code does."""

import re
from pathlib import Path

from plans.halts import HALT_OF
from plans.step import WRITTEN

TEXT = (Path(__file__).parents[2] / "docs" / "plans.md").read_text()


def test_the_table_of_failures_is_the_one_in_force() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", TEXT, re.MULTILINE)
    assert dict(rows) == {step.value: run.value for step, run in HALT_OF.items()}


def test_every_step_type_is_described() -> None:
    described = re.findall(r"^\| `(\w+)` \| [^`]", TEXT, re.MULTILINE)
    assert sorted(described) == sorted(kind.value for kind in WRITTEN)
