"""Both databases, several users at once."""

import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from monitor_core.errors import InvalidSetting
from monitor_core.storage.engine import consistent, open_engine


class TestAddress:
    """What counts as an address."""

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("", "not an address"),
            ("postgres", "not an address"),
            ("mysql://u:s3cret@h/d", "'mysql' is not supported"),
            ("sqlite://", "in memory"),
            ("sqlite:///:memory:", "in memory"),
        ],
    )
    def test_others_are_refused(self, url, message):
        """Without repeating what may hold a password."""
        with pytest.raises(InvalidSetting, match=message) as caught:
            open_engine(url)
        assert "s3cret" not in str(caught.value)

    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
    def test_postgres_by_any_of_its_names(self, scheme):
        """All of them mean psycopg 3."""
        assert open_engine(f"{scheme}://u@h/d").url.drivername == "postgresql+psycopg"


class TestSqlite:
    """SQLite is set up for several processes."""

    def test_pragmas(self, sqlite_engine):
        """WAL, foreign keys, a patient wait."""
        with sqlite_engine.connect() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
            }
        assert found == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 60_000}

    def test_readers_are_not_kept_waiting_by_a_writer(self, sqlite_engine):
        """They see what was committed last."""
        with sqlite_engine.begin() as writer:
            writer.execute(text("INSERT INTO lease VALUES ('a', 'x', '2026-01-01')"))
            started = time.monotonic()
            with sqlite_engine.connect() as reader:
                assert reader.scalar(text("SELECT count(*) FROM lease")) == 0
            assert time.monotonic() - started < 1

    def test_processes_that_read_then_write_do_not_fail(self, tmp_path):
        """The classic deadlock: both read, both want to write. Here the second waits for the first."""
        url = f"sqlite:///{tmp_path}/counter.db"
        engine = open_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE counter (n INTEGER)"))
            connection.execute(text("INSERT INTO counter VALUES (0)"))
        program = (
            "import sys; from sqlalchemy import text; from monitor_core.storage.engine import open_engine\n"
            "engine = open_engine(sys.argv[1])\n"
            "for _ in range(50):\n"
            "    with engine.begin() as connection:\n"
            "        n = connection.scalar(text('SELECT n FROM counter'))\n"
            "        connection.execute(text('UPDATE counter SET n = :n'), {'n': n + 1})\n"
        )
        started = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(3)]
        assert [process.wait(timeout=60) for process in started] == [0, 0, 0]
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT n FROM counter")) == 150
        engine.dispose()


class TestBoth:
    """The same promises on both."""

    def test_foreign_keys_hold(self, engine):
        """A version needs its model."""
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(text("INSERT INTO model_version VALUES ('m', '1', '', '', NULL, '2026-01-01')"))

    def test_an_error_rolls_back(self, engine):
        """Nothing half-written stays."""
        with pytest.raises(IntegrityError):
            _insert_twice(engine)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM lease")) == 0

    def test_a_consistent_reader_sees_one_moment(self, engine):
        """What is committed between two queries stays unseen."""
        with consistent(engine) as reader:
            assert reader.scalar(text("SELECT count(*) FROM lease")) == 0
            writer = threading.Thread(target=_insert, args=(engine,))
            writer.start()
            writer.join(timeout=30)
            assert reader.scalar(text("SELECT count(*) FROM lease")) == 0
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM lease")) == 1


def _insert(engine):
    with engine.begin() as connection:
        _insert_on(connection)


def _insert_on(connection):
    connection.execute(text("INSERT INTO lease VALUES ('a', 'x', '2026-01-01')"))


def _insert_twice(engine):
    with engine.begin() as connection:
        _insert_on(connection)
        _insert_on(connection)
