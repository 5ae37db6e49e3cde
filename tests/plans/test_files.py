"""Plan files: which names are taken, and that no name and no link leads out."""

import json
from pathlib import Path

import pytest

from plans.caps import Caps
from plans.errors import PlanFileError
from plans.files import MAX_PLAN_FILE_BYTES, PlanFolders
from plans.parse import parse_submission
from plans.plan import Plan
from plans.suite import TaskSuite


@pytest.fixture
def folders(tmp_path: Path) -> PlanFolders:
    (tmp_path / "secret.json").write_text("[]")
    root = tmp_path / "plans"
    (root / "shop" / "deep").mkdir(parents=True)
    (root / "shop" / "a.json").write_text('["a"]')
    (root / "shop" / "deep" / "b.TXT").write_text("words")
    (root / "top.json").write_text("[]")
    (root / "shop" / "run.sh").write_text("x")
    (root / "shop" / "latin.txt").write_bytes(b"\xff\xfe\xfa")
    (root / "shop" / "out.json").symlink_to(tmp_path / "secret.json")
    (root / "shop" / "in.json").symlink_to(root / "shop" / "a.json")
    (root / "shop" / "loop.json").symlink_to(root / "shop" / "loop.json")
    (root / "outside").symlink_to(tmp_path)
    (root / "shop" / "huge.json").write_bytes(b" " * (MAX_PLAN_FILE_BYTES + 1))
    return PlanFolders([tmp_path / "missing", root])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("shop/a.json", '["a"]'),
        ("plans/shop/a.json", '["a"]'),
        ("shop/deep/b.TXT", "words"),
        ("shop/in.json", '["a"]'),
    ],
)
def test_names_that_are_taken(folders: PlanFolders, path: str, text: str) -> None:
    assert folders.read_plan_file(path) == text


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "lies outside"),
        ("/etc/passwd.json", "lies outside"),
        ("../secret.json", "lies outside"),
        ("shop/../../secret.json", "lies outside"),
        ("shop/./a.json", "lies outside"),
        ("shop//a.json", "lies outside"),
        ("shop\\..\\a.json", "lies outside"),
        ("C:/x/a.json", "lies outside"),
        ("shop/a.json\0", "lies outside"),
        ("x/" * 400 + "a.json", "lies outside"),
        ("shop/out.json", "lies outside"),
        ("outside/secret.json", "lies outside"),
        ("plans/outside/secret.json", "lies outside"),
        ("top.json", "must lie in a subfolder"),
        ("plans/top.json", "must lie in a subfolder"),
        ("shop/run.sh", "is no .json or .txt file"),
        ("shop/deep", "is no .json or .txt file"),
        ("shop/none.json", "does not exist"),
        ("shop/loop.json", "does not exist"),
        ("shop/a.json/b.json", "does not exist"),
        ("nowhere/a.json", "does not exist"),
        ("shop/latin.txt", "is not UTF-8 text"),
        ("shop/huge.json", "is too large"),
        ("n" * 300 + "/" + "a.json", "does not exist"),
    ],
)
def test_names_that_are_refused(folders: PlanFolders, path: str, why: str) -> None:
    with pytest.raises(PlanFileError, match=why) as error:
        folders.read_plan_file(path)
    assert len(error.value.message) < 200
    assert "/tmp" not in error.value.message.replace(path, "")


@pytest.mark.parametrize(
    "path", ["plans/example/extract_listings.json", "example/extract_listings.json"]
)
def test_shipped_plans_can_be_named_from_any_folder(folders: PlanFolders, path: str) -> None:
    plan = parse_submission({"micro": path}, folders, Caps()).content
    assert isinstance(plan, Plan)
    assert plan.name


def test_the_shipped_suite_can_be_named(folders: PlanFolders) -> None:
    suite = parse_submission({"task_file": "tasks/crm/crm_tasks.json"}, folders, Caps()).content
    assert isinstance(suite, TaskSuite)


def test_the_operators_own_file_comes_before_the_shipped_one(tmp_path: Path) -> None:
    mine = tmp_path / "example" / "extract_listings.json"
    mine.parent.mkdir()
    mine.write_text(json.dumps([{"intent": "mine", "type": "wait"}]))
    plan = parse_submission(
        {"micro": "example/extract_listings.json"}, PlanFolders([tmp_path]), Caps()
    ).content
    assert isinstance(plan, Plan)
    assert plan.steps[0].intent == "mine"
