"""The write token."""

import stat
import threading

import pytest

from monitor_core.errors import Unavailable
from monitor_core.jobs.token import ensure_token, token_path


def test_it_is_made_once(tmp_path):
    """The second call returns the same."""
    folder = tmp_path / "data"
    assert ensure_token(folder) == ensure_token(folder)
    assert len(ensure_token(folder)) >= 40


def test_only_the_owner_may_read_it(tmp_path):
    """Mode 0600 from the first moment, and no draft is left."""
    ensure_token(tmp_path)
    assert stat.S_IMODE(token_path(tmp_path).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_of_many_at_once_all_get_the_same(tmp_path):
    """Sixteen processes may begin together."""
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(ensure_token(tmp_path))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 16
    assert len(set(got)) == 1


def test_an_empty_file_is_no_token(tmp_path):
    """Nobody gets in with an empty word."""
    token_path(tmp_path).touch()
    with pytest.raises(Unavailable, match="is empty"):
        ensure_token(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    """A file in the way of the folder."""
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be made or read"):
        ensure_token(tmp_path / "file")
