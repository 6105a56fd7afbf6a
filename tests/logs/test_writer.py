"""Files that several processes write: days, sizes, compression, retention, and everything that can go wrong."""

import gzip
import json
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor_core.logs.formatter import JSONFormatter
from monitor_core.logs.writer import DailyFileHandler, OutputHandler

MORNING = datetime(2026, 11, 23, 6, tzinfo=UTC)


@pytest.fixture
def open_log(folder, clock):
    """Open ``app.log`` at noon of 21 November, as one process would; any number of times."""
    opened = []

    def opening(**options):
        handler = DailyFileHandler(folder / "app.log", **({"now": clock} | options))
        handler.setFormatter(JSONFormatter())
        opened.append(handler)
        return handler

    yield opening
    for handler in opened:
        handler.close()
        handler.wait()


def write(handler, message="m", **extra):
    record = logging.LogRecord("api", logging.INFO, "api.py", 1, message, None, None)
    record.__dict__.update(extra)
    handler.handle(record)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


class TestDays:
    def test_midnight_closes_the_day(self, open_log, folder, clock, lines_of):
        """The day before stands in a compressed file of its date; nothing is lost."""
        handler = open_log()
        write(handler, "before")
        clock.advance(hours=12)
        write(handler, "after")
        handler.wait()
        assert names(folder) == ["app.log", "app.log.2026-11-21.gz"]
        assert [line["message"] for line in lines_of(folder)] == ["after", "before"]

    def test_a_zone_has_its_own_midnight(self, open_log, folder, clock):
        """In India the day ends at 18:30 UTC, and bears India's date."""
        handler = open_log(zone=ZoneInfo("Asia/Kolkata"))
        write(handler)
        clock.advance(hours=6, minutes=29)
        write(handler)
        assert names(folder) == ["app.log"]
        clock.advance(minutes=1)
        write(handler)
        handler.wait()
        assert names(folder) == ["app.log", "app.log.2026-11-21.gz"]

    @pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
    def test_days_of_23_and_25_hours(self, open_log, folder, clock, day):
        """Where clocks change, a file still holds one day, under its date."""
        berlin = ZoneInfo("Europe/Berlin")
        clock.moment = datetime.fromisoformat(f"{day}T00:00:01").replace(tzinfo=berlin)
        handler = open_log(zone=berlin)
        for _ in range(27):
            write(handler)
            clock.moment = (clock.moment.astimezone(UTC) + timedelta(hours=1)).astimezone(berlin)
        handler.wait()
        assert names(folder) == ["app.log", f"app.log.{day}.gz"]
        assert len(gzip.decompress((folder / f"app.log.{day}.gz").read_bytes()).splitlines()) in {23, 25}

    def test_silence_over_days_leaves_one_file(self, open_log, folder, clock):
        """Days without a line have no file, and the file keeps the date of its lines."""
        handler = open_log()
        write(handler)
        clock.advance(days=5)
        write(handler)
        handler.wait()
        assert names(folder) == ["app.log", "app.log.2026-11-21.gz"]

    def test_an_empty_file_only_changes_its_day(self, open_log, folder, clock):
        """Nothing written, nothing closed; other processes that hold the file follow."""
        first, second = open_log(), open_log()
        first.begin()
        second.begin()
        clock.advance(days=1)
        write(first)
        write(second)
        assert names(folder) == ["app.log"]

    def test_a_file_left_by_a_process_that_ended(self, open_log, folder, clock):
        """The next start, days later, closes it under its own date."""
        handler = open_log()
        write(handler, "old")
        handler.close()
        clock.advance(days=3)
        handler = open_log()
        write(handler, "new")
        handler.wait()
        assert names(folder) == ["app.log", "app.log.2026-11-21.gz"]

    def test_a_foreign_file_has_the_day_of_its_last_change(self, open_log, folder):
        """A log that was there before us, without our lock file."""
        folder.mkdir()
        (folder / "app.log").write_text('{"message": "foreign"}\n')
        old = datetime(2026, 11, 20, 8, tzinfo=UTC).timestamp()
        os.utime(folder / "app.log", (old, old))
        handler = open_log()
        write(handler)
        handler.wait()
        assert names(folder) == ["app.log", "app.log.2026-11-20.gz"]

    def test_a_clock_going_back_closes_nothing(self, open_log, folder, clock):
        """The lines stay in the later day's file, and the next midnight is that of this day."""
        handler = open_log()
        write(handler)
        clock.advance(days=-1)
        write(handler)
        handler.close()
        handler = open_log()
        write(handler)
        assert names(folder) == ["app.log"]
        clock.advance(days=2)
        write(handler)
        handler.wait()
        assert names(folder) == ["app.log", "app.log.2026-11-21.gz"]

    def test_a_day_from_a_wrong_clock_is_not_believed(self, open_log, folder, clock):
        """A machine that once thought it was 2050 closes its file at the next midnight all the same."""
        handler = open_log()
        write(handler)
        handler.close()
        (folder / ".__app.lock").write_text("2050-01-01\n")
        moment = datetime(2026, 11, 21, 11, tzinfo=UTC).timestamp()
        os.utime(folder / "app.log", (moment, moment))
        handler = open_log()
        clock.advance(days=1)
        write(handler)
        handler.wait()
        assert names(folder) == ["app.log", "app.log.2026-11-21.gz"]


class TestSize:
    def test_a_full_file_is_closed_within_its_day(self, open_log, folder):
        """Parts are numbered in the order of writing."""
        handler = open_log(max_bytes=100)
        for number in range(4):
            write(handler, f"{number}" + "x" * 100)
            handler.wait()
        assert names(folder) == [
            "app.log",
            "app.log.2026-11-21.1.gz",
            "app.log.2026-11-21.2.gz",
            "app.log.2026-11-21.gz",
        ]
        first = json.loads(gzip.decompress((folder / "app.log.2026-11-21.gz").read_bytes()))
        assert first["message"][0] == "0"

    def test_zero_means_no_limit(self, open_log, folder):
        """Only midnight closes."""
        handler = open_log(max_bytes=0)
        for _ in range(5):
            write(handler, "x" * 1000)
        assert names(folder) == ["app.log"]


class TestRetention:
    def test_by_the_date_in_the_name(self, open_log, folder):
        """Whatever the files' times; other files, links and other logs stay."""
        folder.mkdir()
        kept = [
            "app.log.2026-10-22.gz",
            "app.log.2026-10-01.txt",
            "errors.log.2020-01-01.gz",
            "my.app.log.2020-01-01.gz",
        ]
        for name in [*kept, "app.log.2026-10-21.gz", "app.log.2026-10-21.7.gz", "app.log.2020-01-01"]:
            (folder / name).write_bytes(gzip.compress(b""))
        (folder / "app.log.2020-02-02.gz").symlink_to(folder / kept[0])
        handler = open_log(keep_days=30)
        handler.begin()
        handler.wait()
        assert names(folder) == sorted([*kept, "app.log", "app.log.2020-02-02.gz"])

    def test_each_midnight(self, open_log, folder, clock):
        """A service that runs for weeks keeps so many days."""
        handler = open_log(keep_days=3)
        for _ in range(10):
            write(handler)
            handler.wait()
            clock.advance(days=1)
        assert len(names(folder)) == 1 + 3


class TestCompression:
    def test_what_a_killed_process_left(self, open_log, folder):
        """An uncompressed day is compressed, a half-written part made anew, a finished one's original removed."""
        folder.mkdir()
        (folder / "app.log.2026-11-19").write_bytes(b'{"message": "a"}\n')
        (folder / "app.log.2026-11-19.gz.part").write_bytes(b"\x1f\x8b half")
        (folder / "app.log.2026-11-20").write_bytes(b'{"message": "b"}\n')
        (folder / "app.log.2026-11-20.gz").write_bytes(gzip.compress(b'{"message": "b"}\n'))
        (folder / "app.log.2026-11-18.gz.part").write_bytes(b"orphan")
        handler = open_log()
        handler.begin()
        handler.wait()
        assert names(folder) == ["app.log", "app.log.2026-11-19.gz", "app.log.2026-11-20.gz"]
        assert gzip.decompress((folder / "app.log.2026-11-19.gz").read_bytes()) == b'{"message": "a"}\n'

    def test_a_full_disk_keeps_the_original(self, open_log, folder, clock, capfd):
        """Where the compressed file cannot be written the plain one stays, and that is said."""
        handler = open_log()
        write(handler, "kept")
        (folder / "app.log.2026-11-21.gz.part").mkdir(parents=True)
        clock.advance(days=1)
        write(handler, "new")
        handler.wait()
        assert (folder / "app.log.2026-11-21").read_bytes()
        assert "stay as they are" in capfd.readouterr().err

    def test_writing_does_not_wait(self, open_log, folder, clock):
        """A line after midnight is written while the day before is being compressed."""
        handler = open_log(max_bytes=0)
        for _ in range(50):
            write(handler, os.urandom(15_000).hex())
        clock.advance(days=1)
        started = datetime.now(UTC)
        write(handler, "at once")
        took = (datetime.now(UTC) - started).total_seconds()
        assert '"at once"' in (folder / "app.log").read_text()
        handler.wait()
        assert took < 0.2


class TestTrouble:
    def test_a_read_only_folder_is_said_once(self, tmp_path, capfd):
        """The service goes on; when the folder can be written again, that is said, too."""
        place = tmp_path / "logs"
        place.write_text("a file where the folder should be")
        handler = DailyFileHandler(place / "app.log")
        handler.setFormatter(JSONFormatter())
        for _ in range(3):
            write(handler)
        assert handler.lost == 3
        said = capfd.readouterr().err
        assert said.count("\n") == 1
        assert "cannot write" in said
        assert str(place) in said
        place.unlink()
        write(handler)
        handler.close()
        assert "written again, 3 lines were lost" in capfd.readouterr().err
        assert len((place / "app.log").read_text().splitlines()) == 1

    def test_a_full_disk_tears_no_line(self, tmp_path):
        """A file-size limit stands for the disk: what fits in part is taken back, shorter lines are still written."""
        program = """
import logging, resource, signal, sys
from pathlib import Path
from monitor_core.logs.writer import DailyFileHandler
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
handler = DailyFileHandler(Path(sys.argv[1]) / "app.log")
log = logging.getLogger("x"); log.addHandler(handler)
log.warning("first " + "x" * 600)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
log.warning("second " + "y" * 600)
log.warning("third " + "y" * 600)
log.warning("fourth")
print("went on")
"""
        done = subprocess.run(
            [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True, timeout=60
        )
        lines = (tmp_path / "app.log").read_text().splitlines()
        assert [line.split()[0] for line in lines] == ["first", "fourth"]
        assert done.stdout == "went on\n"
        assert done.stderr.count("cannot write") == 1
        assert "2 lines were lost" in done.stderr

    def test_a_torn_line_is_ended(self, open_log, folder):
        """What a machine without power left half written does not swallow the next line."""
        folder.mkdir()
        (folder / "app.log").write_bytes(b'{"message": "ha')
        handler = open_log()
        write(handler, "whole")
        assert json.loads((folder / "app.log").read_text().splitlines()[1])["message"] == "whole"

    def test_an_emptied_folder(self, open_log, folder):
        """Somebody removed the folder with everything in it: it is made anew, locks included."""
        first, second = open_log(), open_log()
        write(first)
        write(second)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        write(first, "a")
        write(second, "b")
        write(first, "c")
        assert [json.loads(line)["message"] for line in (folder / "app.log").read_text().splitlines()] == [
            "a",
            "b",
            "c",
        ]
        assert os.fstat(first.stream_lock.fileno()).st_ino == os.fstat(second.stream_lock.fileno()).st_ino

    def test_truncated_by_somebody_else(self, open_log, folder):
        """`> app.log` from a shell: writing goes on at the beginning."""
        handler = open_log()
        write(handler, "x" * 100)
        os.truncate(folder / "app.log", 0)
        write(handler, "new")
        assert json.loads((folder / "app.log").read_text())["message"] == "new"

    def test_output_that_is_gone(self, monkeypatch, capsys):
        """Standard output closed, replaced or missing: never an exception."""
        handler = OutputHandler()
        handler.setFormatter(JSONFormatter())
        write(handler, "shown")
        assert '"shown"' in capsys.readouterr().out
        broken = open(os.devnull)  # noqa: SIM115, PTH123 - opened for reading
        monkeypatch.setattr(sys, "stdout", broken)
        write(handler)
        write(handler)
        broken.close()
        write(handler)
        assert capsys.readouterr().err.count("cannot write standard output") == 1
        monkeypatch.setattr(sys, "stdout", None)
        write(handler)


MESSAGES = 2_000
PROCESSES = 4


def _work(folder, number, barrier):
    """Write lines of many lengths while a clock of the test's own runs through two midnights."""
    done = [0]
    handler = DailyFileHandler(
        folder / "app.log", max_bytes=60_000, now=lambda: MORNING + timedelta(days=2 * done[0] / MESSAGES)
    )
    handler.setFormatter(JSONFormatter())
    barrier.wait()
    for index in range(MESSAGES):
        done[0] = index
        write(handler, "x" * (index * 37 % 900), worker=number, index=index)
    handler.close()
    handler.wait()


def _tidied(folder):
    """Let the next start finish what ended processes left."""
    last = DailyFileHandler(folder / "app.log", now=lambda: MORNING + timedelta(days=2))
    last.begin()
    last.wait()
    last.close()


def _all_lines(folder):
    found = []
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        assert not path.name.endswith(".part")
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert not data or data.endswith(b"\n")
        found += [json.loads(line)["context"] for line in data.splitlines()]
    return found


@pytest.mark.parametrize("way", ["spawn", "fork"])
def test_four_processes_time_and_size_and_gzip(folder, way):
    """Through midnights and full files, compressed: none lost, none torn, none doubled."""
    folder.mkdir()
    context = multiprocessing.get_context(way)
    barrier = context.Barrier(PROCESSES)
    workers = [context.Process(target=_work, args=(folder, number, barrier)) for number in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    _tidied(folder)
    lines = _all_lines(folder)
    assert len(lines) == PROCESSES * MESSAGES
    assert len({(line["worker"], line["index"]) for line in lines}) == PROCESSES * MESSAGES
    closed = [path.name for path in folder.iterdir() if path.suffix == ".gz"]
    assert len(closed) > 20
    assert {name.split(".")[2] for name in closed} == {"2026-11-23", "2026-11-24", "2026-11-25"}


def test_forked_workers_reopen(folder):
    """Handlers made before the fork, as under a pre-forking server, with threads at work meanwhile."""
    program = """
import logging, os, sys, threading
from pathlib import Path
from monitor_core.logs import setup_logging
setup_logging(log_dir=sys.argv[1], stdout=False, max_bytes=40_000)
log = logging.getLogger("api")
stop = threading.Event()
def busy():
    index = 0
    while not stop.is_set():
        log.info("parent", extra={"worker": -1, "index": index})
        index += 1
    print(index)
threads = [threading.Thread(target=busy)]
[thread.start() for thread in threads]
children = []
for number in range(4):
    child = os.fork()
    if not child:
        for index in range(500):
            log.info("child", extra={"worker": number, "index": index})
        os._exit(0)
    children.append(child)
codes = [os.waitpid(child, 0)[1] for child in children]
stop.set()
[thread.join() for thread in threads]
for handler in logging.getLogger().handlers:
    handler.wait()
sys.exit(max(codes))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, folder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("errors.log", "audit.log"):
        (folder / name).unlink()
    _tidied(folder)
    lines = _all_lines(folder)
    assert len(lines) == 4 * 500 + int(done.stdout)
    assert len({(line["worker"], line["index"]) for line in lines}) == len(lines)


def test_killed_while_compressing(folder):
    """kill -9 at random moments of rotating and compressing: every line that was written is there once."""
    program = """
import logging, sys
from pathlib import Path
from monitor_core.logs.writer import DailyFileHandler
from monitor_core.logs.formatter import JSONFormatter
handler = DailyFileHandler(Path(sys.argv[1]) / "app.log", max_bytes=20_000)
handler.setFormatter(JSONFormatter())
log = logging.getLogger("x"); log.addHandler(handler); log.setLevel(10); log.propagate = False
index = 0
while True:
    log.info("x" * 300, extra={"worker": sys.argv[2], "index": index})
    sys.stdout.write(f"{index}\\n"); sys.stdout.flush()
    index += 1
"""
    written = {}
    for run in range(6):
        worker = subprocess.Popen([sys.executable, "-c", program, folder, str(run)], stdout=subprocess.PIPE, text=True)
        killer = threading.Timer(0.6 + run * 0.07, worker.kill)
        killer.start()
        out, _ = worker.communicate(timeout=60)
        written[str(run)] = [int(line) for line in out.splitlines()]
    _tidied(folder)
    lines = [(line["worker"], line["index"]) for line in _all_lines(folder)]
    assert len(set(lines)) == len(lines)
    assert {(run, index) for run, indexes in written.items() for index in indexes} <= set(lines)
