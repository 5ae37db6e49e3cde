"""What the tests of plans share: caps of the contract, and plan files kept in memory."""

import pytest

from plans.caps import Caps
from plans.errors import PlanFileError


class FilesInMemory:
    """Plan files by name."""

    def __init__(self, **files: str) -> None:
        self.files = files

    def read_plan_file(self, path: str) -> str:
        if path not in self.files:
            raise PlanFileError(f"plan file '{path}' does not exist in the plan folders")
        return self.files[path]


@pytest.fixture
def files() -> FilesInMemory:
    return FilesInMemory(
        **{
            "a/plan.json": '{"runtime": {"max_cost": 2},'
            ' "steps": [{"intent": "x", "type": "wait"}], "author": "me"}',
            "a/words.txt": "Open the shop and read the price.",
            "a/broken.json": '{"steps": [',
        }
    )


@pytest.fixture
def caps() -> Caps:
    return Caps()
