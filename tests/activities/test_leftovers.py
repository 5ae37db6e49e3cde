"""What crashed sessions left is swept; what somebody owns, or has just made, stays."""

import os
import time
from pathlib import Path

import pytest

from activities.holder.messages import HolderSpec
from activities.holder.ownership import owning
from activities.leftovers import sweep, sweep_journals


@pytest.fixture
def sessions_dir(tmp_path: Path) -> Path:
    """The folder of sessions."""
    return tmp_path / "sessions"


def made(sessions_dir: Path, name: str, profile_dir: Path | None = None) -> HolderSpec:
    folder = sessions_dir / name
    spec = HolderSpec(
        session_id=name,
        session_dir=folder,
        profile_dir=profile_dir or folder / "profile",
        socket_path=Path(os.path.relpath(sessions_dir.parent / f"{name}.sock")),
        throwaway_profile=profile_dir is None,
    )
    folder.mkdir(parents=True)
    spec.profile_dir.mkdir()
    HolderSpec.path_in(folder).write_text(spec.model_dump_json())
    spec.socket_path.touch()
    return spec


def test_folder_socket_and_profile_of_a_crashed_session_are_removed(sessions_dir: Path) -> None:
    crashed = made(sessions_dir, "crashed")
    assert sweep(sessions_dir, young_s=0) == 1
    assert not crashed.session_dir.exists()
    assert not crashed.socket_path.exists()


def test_a_session_with_an_owner_stays_until_its_owner_is_gone(sessions_dir: Path) -> None:
    held = made(sessions_dir, "held")
    with owning(held.session_dir):
        assert sweep(sessions_dir, young_s=0) == 0
        assert held.socket_path.exists()
    assert sweep(sessions_dir, young_s=0) == 1


def test_a_kept_profile_outlives_its_session(sessions_dir: Path, tmp_path: Path) -> None:
    made(sessions_dir, "crashed", tmp_path / "kept")
    assert sweep(sessions_dir, young_s=0) == 1
    assert (tmp_path / "kept").is_dir()


def test_a_folder_without_a_readable_specification_is_removed(sessions_dir: Path) -> None:
    (sessions_dir / "empty").mkdir(parents=True)
    (sessions_dir / "torn").mkdir()
    HolderSpec.path_in(sessions_dir / "torn").write_text('{"session_id":')
    assert sweep(sessions_dir, young_s=0) == 2
    assert list(sessions_dir.iterdir()) == []


def test_young_folders_and_files_are_left_alone(tmp_path: Path) -> None:
    made(tmp_path / "sessions", "young")
    (tmp_path / "sessions" / "note").touch()
    assert sweep(tmp_path / "sessions") == 0
    assert sweep(tmp_path / "nowhere") == 0


def test_journals_stay_until_their_run_must_be_over(tmp_path: Path) -> None:
    for run, age_s in (("new", 0), ("old", 9 * 86_400)):
        folder = tmp_path / "acme" / run
        folder.mkdir(parents=True)
        journal = folder / "s1.journal.jsonl"
        journal.touch()
        written = time.time() - age_s
        os.utime(journal, (written, written))
    sweep_journals(tmp_path)
    assert [path.name for path in (tmp_path / "acme").iterdir()] == ["new"]
    sweep_journals(tmp_path / "nowhere")


def test_temporary_files_of_a_crashed_browser_are_removed(sessions_dir: Path) -> None:
    crashed = made(sessions_dir, "crashed")
    crashed.temp_dir.mkdir()
    (crashed.temp_dir / "org.chromium").touch()
    sweep(sessions_dir, young_s=0)
    assert not crashed.temp_dir.exists()
