from pathlib import Path

import pytest

from activities.errors import ChromiumMissing
from activities.holder.flags import command_line
from activities.holder.locate import find_chromium


def test_the_configured_one_wins(tmp_path: Path) -> None:
    chrome = tmp_path / "chrome"
    chrome.touch()
    assert find_chromium(chrome) == chrome


def test_a_configured_one_that_is_missing_is_an_error_of_the_operator(tmp_path: Path) -> None:
    with pytest.raises(ChromiumMissing, match="MANTIS_CHROME_PATH"):
        find_chromium(tmp_path / "none")


def test_the_newest_build_of_playwright_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    for build in ("chromium-999", "chromium-1200"):
        binary = tmp_path / ".cache/ms-playwright" / build / "chrome-linux64/chrome"
        binary.parent.mkdir(parents=True)
        binary.touch()
    found = find_chromium(None, home=tmp_path)
    assert "chromium-1200" in str(found)


def test_none_at_all_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Other")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ChromiumMissing) as caught:
        find_chromium(None, home=tmp_path)
    assert "playwright install chromium" in str(caught.value)
    assert "apt-get install chromium" in str(caught.value)


def test_the_last_word_on_features_is_the_only_one(tmp_path: Path) -> None:
    arguments = command_line(
        tmp_path / "chrome",
        profile_dir=tmp_path,
        proxy_port=1,
        headless=True,
        sandbox=True,
        shared_memory=True,
    )
    names = [argument.partition("=")[0] for argument in arguments]
    assert len(names) == len(set(names))
    assert "--no-sandbox" not in names
