"""Saving recordings: whole or not at all. The service can't record yet: a gateway plays it."""

from pathlib import Path
from typing import Any

import pytest

from mantis_agent import MantisAPIError, MantisConnectionError
from tests.sdk.faulty import Answer, FaultyProxy
from tests.sdk.test_client_calls import NO_RUN, PLAN

NAMED = f'Content-Disposition: attachment; filename="{NO_RUN}.mp4"\r\n'
FOOTAGE = "footage" * 5000


class Short(Answer):
    """Less of the body comes than was announced."""

    def encoded(self) -> bytes:
        return super().encoded()[:-100]


def test_a_recording_is_saved_to_a_file_or_into_a_folder(
    behind: Any, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.faults.extend([Answer("200 OK", FOOTAGE, NAMED)] * 2)
    (tmp_path / "one.mp4").write_text("older")
    assert behind.fetch_video(NO_RUN, tmp_path / "one.mp4") == tmp_path / "one.mp4"
    assert behind.fetch_video(NO_RUN, str(tmp_path), polished=False).name == f"{NO_RUN}.mp4"
    assert {path.read_text() for path in tmp_path.iterdir()} == {FOOTAGE}
    assert len(list(tmp_path.iterdir())) == 2
    assert "raw=1" in proxy.heads("/video")[1]
    assert "raw=1" not in proxy.heads("/video")[0]


def test_a_download_that_breaks_off_begins_anew(
    behind: Any, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.faults.extend([Short("200 OK", FOOTAGE), Answer("503 Away"), Answer("200 OK", FOOTAGE)])
    assert behind.fetch_video(NO_RUN, tmp_path / "v.mp4").read_text() == FOOTAGE


def test_what_never_comes_whole_leaves_nothing(
    behind: Any, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.faults.extend([Short("200 OK", FOOTAGE)] * 4)
    with pytest.raises(MantisConnectionError, match="broke off"):
        behind.fetch_video(NO_RUN, tmp_path / "v.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_a_name_leads_out_of(behind: Any, proxy: FaultyProxy, tmp_path: Path) -> None:
    evil = 'Content-Disposition: attachment; filename="../../evil.mp4"\r\n'
    proxy.faults.append(Answer("200 OK", FOOTAGE, evil))
    assert behind.fetch_video(NO_RUN, tmp_path) == tmp_path / NO_RUN


def test_no_recording_is_a_404_that_says_so(mantis: Any, tmp_path: Path) -> None:
    run_id = mantis.predict(PLAN).run_id
    with pytest.raises(MantisAPIError) as none:
        mantis.fetch_video(run_id, tmp_path / "v.mp4")
    assert none.value.status_code == 404
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(behind: Any, proxy: FaultyProxy, tmp_path: Path) -> None:
    proxy.faults.append(Answer("200 OK", FOOTAGE))
    with pytest.raises(FileNotFoundError):
        behind.fetch_video(NO_RUN, tmp_path / "no" / "v.mp4")
