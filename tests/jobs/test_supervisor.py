"""The supervisor's pure parts and locks; the whole of it is tested in `tests/processes`."""

import socket
from dataclasses import replace

import pytest

from monitor_core.errors import Conflict
from monitor_core.jobs.supervisor import _check_port, _sole, _with_port, running_at
from monitor_core.settings import Settings


class TestSole:
    """One server a data folder."""

    def test_the_second_is_told_where_the_first_is(self, tmp_path):
        """With the address."""
        with (
            _sole(tmp_path, "http://127.0.0.1:9"),
            pytest.raises(Conflict, match=r"already running at http://127\.0\.0\.1:9"),
            _sole(tmp_path, "http://127.0.0.1:10"),
        ):
            pass

    def test_afterwards_the_folder_is_free(self, tmp_path):
        """And nothing is said to run."""
        with _sole(tmp_path, "http://127.0.0.1:9"):
            assert running_at(tmp_path) == "http://127.0.0.1:9"
        assert running_at(tmp_path) is None
        with _sole(tmp_path, "http://127.0.0.1:10"):
            pass

    def test_no_folder_no_server(self, tmp_path):
        """Looking makes nothing."""
        assert running_at(tmp_path / "none") is None
        assert not (tmp_path / "none").exists()


class TestPort:
    """Where to listen."""

    def test_zero_lets_the_system_choose(self):
        """Once, for all children."""
        chosen = _with_port(Settings(port=0))
        assert chosen.port > 0
        assert chosen.origins["port"] == "argument"

    def test_a_taken_port_is_refused(self):
        """With a way out."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            settings = replace(Settings(), port=taken.getsockname()[1])
            with pytest.raises(Conflict, match="cannot listen on") as caught:
                _check_port(settings, seconds=0)
        assert "--port" in caught.value.hint
