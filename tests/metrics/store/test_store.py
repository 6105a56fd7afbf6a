"""The store: what is written is found, in order, by labels and time; limits, deflation, retention."""

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from monitor_core.errors import Conflict, Unavailable
from monitor_core.metrics.promql import STALE, Engine, Matcher, MatchKind, MemoryReader
from monitor_core.metrics.promql.reader import labels_of
from monitor_core.metrics.store.compaction import HOUR_MS
from monitor_core.metrics.store.reader import StoreReader
from monitor_core.metrics.store.writer import LEFT_OUT, Batch, StoreWriter

BASE = 1_700_000_000_000 // HOUR_MS * HOUR_MS
DAY_MS = 24 * HOUR_MS


def equal(name, value):
    return Matcher(name, MatchKind.EQUAL, value)


def names(count, job="api"):
    return [labels_of({"__name__": "x", "job": job, "n": str(number)}) for number in range(count)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.db"


@pytest.fixture
def writer(path):
    made = StoreWriter(path, max_series=1_000)
    yield made
    made.close()


@pytest.fixture
def reader(path):
    made = StoreReader(path)
    yield made
    made.close()


def write(writer, owner, labels, at_ms, values, **more):
    numbers = writer.numbers(owner, labels, writer.known(owner))
    series = np.array([numbers[item] for item in labels], dtype=np.int64)
    writer.write(owner, Batch(at_ms, series, np.asarray(values, dtype=np.float64), **more))
    return series


class TestReading:
    """What comes back."""

    def test_series_over_several_pages(self, writer, reader):
        """All of them, in the order of their labels."""
        labels = names(100)
        for step in range(3):
            write(writer, "a", labels, BASE + step * 1000, np.arange(100) + step)
        found = reader.select([equal("job", "api")], BASE, BASE + 2000)
        assert [item for item, _, _ in found] == sorted(labels)
        for item, stamps, values in found:
            assert stamps.tolist() == [BASE, BASE + 1000, BASE + 2000]
            assert values.tolist() == [int(dict(item)["n"]) + step for step in range(3)]

    def test_series_of_one_target_share_their_moments(self, writer, reader):
        """The engine then looks them up once."""
        write(writer, "a", names(3), BASE, [1, 2, 3])
        found = reader.select([], BASE, BASE)
        assert found[0][1] is found[1][1]

    def test_time_is_closed_on_both_sides(self, writer, reader):
        """From the first millisecond to the last."""
        for step in range(5):
            write(writer, "a", names(1), BASE + step, [step])
        assert reader.select([], BASE + 1, BASE + 3)[0][2].tolist() == [1, 2, 3]
        assert reader.select([], BASE + 9, BASE + 99) == []

    def test_a_gap_is_no_sample(self, writer, reader):
        """Series that were not on the page have nothing at that moment."""
        write(writer, "a", names(2), BASE, [1, 1])
        write(writer, "a", names(1), BASE + 1000, [2])
        assert [values.tolist() for _, _, values in reader.select([], BASE, BASE + 9999)] == [[1, 2], [1]]

    def test_stale_markers_and_odd_values_survive(self, writer, reader):
        """Through head and chunk."""
        values = [STALE, np.nan, np.inf, -0.0]
        write(writer, "a", names(4), BASE, values)
        write(writer, "a", names(4), BASE + HOUR_MS, values)
        writer.tidy(BASE + HOUR_MS + 600_000, DAY_MS)
        for _, _, found in reader.select([equal("n", "0")], BASE, BASE + HOUR_MS):
            assert found.view(np.uint64).tolist() == [0x7FF0000000000002] * 2
        assert np.signbit(reader.select([equal("n", "3")], BASE, BASE)[0][2][0])

    @pytest.mark.parametrize(
        ("matcher", "found"),
        [
            (equal("n", "1"), 1),
            (equal("none", ""), 3),
            (equal("n", ""), 0),
            (Matcher("n", MatchKind.NOT_EQUAL, "1"), 2),
            (Matcher("n", MatchKind.REGEX, "[01]"), 2),
            (Matcher("n", MatchKind.NOT_REGEX, "[01]"), 1),
            (Matcher("n", MatchKind.REGEX, ".*"), 3),
            (Matcher("none", MatchKind.NOT_EQUAL, "x"), 3),
            (Matcher("none", MatchKind.REGEX, ".+"), 0),
        ],
    )
    def test_matchers(self, writer, reader, matcher, found):
        """As `MemoryReader` understands them."""
        write(writer, "a", names(3), BASE, [1, 2, 3])
        memory = MemoryReader()
        for item in names(3):
            memory.add(dict(item), [BASE], [1])
        assert len(reader.select([matcher], BASE, BASE)) == found
        assert len(memory.select([matcher], BASE, BASE)) == found

    def test_samples_with_moments_of_their_own(self, writer, reader):
        """Stand among the others; a second value for a moment is not taken."""
        series = write(writer, "a", names(2), BASE, [1, 1])
        lone = [(int(series[0]), BASE - 500, 9.0), (int(series[0]), BASE, 8.0)]
        write(writer, "a", names(2)[1:], BASE + 1000, [2], lone=lone)
        found = reader.select([equal("n", "0")], 0, BASE + 9999)[0]
        assert (found[1].tolist(), found[2].tolist()) == ([BASE - 500, BASE], [9.0, 1.0])

    def test_nothing_before_the_file_is_there(self, tmp_path):
        """No error: the collector has not run yet."""
        reader = StoreReader(tmp_path / "none.db")
        assert reader.select([], 0, BASE) == []
        assert not reader.is_there()
        assert not (tmp_path / "none.db").exists()

    def test_a_clock_that_goes_back(self, writer, reader):
        """Samples are in order all the same, before and after deflation."""
        for at in (BASE + 2000, BASE + HOUR_MS, BASE, BASE + 1000, BASE + 2000):
            write(writer, "a", names(1), at, [at - BASE])
            writer.tidy(BASE + 3 * HOUR_MS, DAY_MS)
        found = reader.select([], 0, BASE + DAY_MS)[0]
        assert found[1].tolist() == [BASE, BASE + 1000, BASE + 2000, BASE + HOUR_MS]
        assert found[2].tolist() == [0, 1000, 2000, HOUR_MS]

    def test_readers_see_a_new_series_at_once(self, writer, reader):
        """The index follows."""
        write(writer, "a", names(1), BASE, [1])
        assert len(reader.select([], BASE, BASE)) == 1
        write(writer, "b", names(1, job="web"), BASE, [1])
        assert len(reader.select([], BASE, BASE)) == 2


class TestDeflation:
    """Whole hours become chunks."""

    def test_answers_stay_the_same(self, writer, reader):
        """The engine finds what it found before."""
        rng, labels, memory = np.random.default_rng(1), names(70), MemoryReader()
        stamps = BASE + np.arange(0, 3 * HOUR_MS, 60_000)
        table = rng.poisson(4, (len(stamps), 70)).cumsum(axis=0).astype(float)
        numbers = writer.numbers("a", labels, {})
        series = np.array([numbers[item] for item in labels])
        for at, row in zip(stamps.tolist(), table, strict=True):
            writer.write("a", Batch(at, series, row))
        for item, values in zip(labels, table.T, strict=True):
            memory.add(dict(item), stamps, values)
        asked = ("sum by (n) (rate(x[5m]))", BASE / 1000, BASE / 1000 + 10_800, 300)
        writer.tidy(int(stamps[-1]) + 1, DAY_MS)
        ours, theirs = (Engine(one).query_range(*asked).value for one in (reader, memory))
        assert ours.labels == theirs.labels
        assert np.array_equal(ours.values, theirs.values, equal_nan=True)
        left = reader.rows("SELECT count(DISTINCT at_ms) FROM head")[0][0]
        assert left == 60  # the last hour is not settled yet

    def test_readers_never_miss_a_sample_meanwhile(self, writer, reader):
        """Head and chunks are one moment."""
        labels = names(200)
        numbers = writer.numbers("a", labels, {})
        series = np.array([numbers[item] for item in labels])
        for step in range(120):
            writer.write("a", Batch(BASE + step * 30_000, series, np.full(200, step, dtype=float)))
        done, counts = threading.Event(), []

        def look():
            while not done.is_set():
                counts.append(sum(len(stamps) for _, stamps, _ in reader.select([], BASE, BASE + HOUR_MS)))

        thread = threading.Thread(target=look)
        thread.start()
        writer.tidy(BASE + 2 * HOUR_MS, DAY_MS)
        done.set()
        thread.join()
        assert set(counts) == {200 * 120}


class TestKeeping:
    """Retention and limits."""

    def test_old_samples_go_with_their_series(self, writer, reader):
        """And the index forgets them."""
        write(writer, "a", names(1), BASE, [1])
        assert len(reader.select([], 0, BASE)) == 1
        write(writer, "b", names(1, job="web"), BASE + 2 * DAY_MS, [1])
        with writer._lock:
            writer._connection.execute("UPDATE page SET made_ms = ?", (BASE,))
        writer.tidy(BASE + 2 * DAY_MS, DAY_MS)
        assert [dict(labels)["job"] for labels in reader.series([], 0, BASE + 9 * DAY_MS)] == ["web"]
        assert list(reader.index().values("job")) == ["web"]

    def test_a_page_just_made_is_no_old_page(self, writer):
        """Numbers given out stay valid though nothing was written yet."""
        numbers = writer.numbers("a", names(1), {})
        writer.tidy(BASE + 99 * DAY_MS, DAY_MS)
        assert writer.known("a") == numbers

    def test_beyond_the_limit_series_are_left_out(self, path):
        """Over all owners; there is room again when others end."""
        writer = StoreWriter(path, max_series=5)
        first = writer.numbers("a", names(3), {})
        second = writer.numbers("b", names(4, job="web"), {})
        assert LEFT_OUT not in first.values()
        assert sorted(second.values()).count(LEFT_OUT) == 2
        assert writer.room() == 0
        writer.follow("a", 1)
        assert writer.room() == 2
        writer.close()

    def test_numbers_are_kept_over_restarts(self, path):
        """A series is the same series tomorrow."""
        one = StoreWriter(path, max_series=10)
        numbers = one.numbers("a", names(3), {})
        one.close()
        two = StoreWriter(path, max_series=10)
        assert two.known("a") == numbers
        more = two.numbers("a", names(4)[3:], two.known("a"))
        assert set(more.values()).isdisjoint(numbers.values())
        two.close()

    def test_what_lived_last_is_known_after_a_restart(self, writer):
        """Those that had a value at the newest moment."""
        series = write(writer, "a", names(3), BASE, [1, 1, 1])
        writer.write("a", Batch(BASE + 1000, series[:2], np.array([1.0, STALE])))
        assert writer.live("a").tolist() == [series[0]]


class TestFile:
    """What lies on disk."""

    def test_another_file_is_not_touched(self, path):
        """It is not ours."""
        path.write_bytes(b"not a database, but long enough to look at" * 50)
        before = path.read_bytes()
        with pytest.raises(Unavailable, match=r"metrics\.db"):
            StoreWriter(path, max_series=1)
        with pytest.raises(Unavailable, match=r"metrics\.db"):
            StoreReader(path).select([], 0, 1)
        assert path.read_bytes() == before

    def test_a_newer_form_is_refused(self, path):
        """With what to do."""
        writer = StoreWriter(path, max_series=1)
        writer._connection.execute("PRAGMA user_version = 99")
        writer.close()
        for use in (lambda: StoreWriter(path, max_series=1), lambda: StoreReader(path).select([], 0, 1)):
            with pytest.raises(Conflict, match="99"):
                use()

    def test_a_killed_process_loses_at_most_one_scrape(self, path):
        """kill -9 in the middle of writing: every scrape that was reported as written is there, whole."""
        program = (
            "import sys, numpy as np; from pathlib import Path;"
            "from monitor_core.metrics.store.writer import Batch, StoreWriter;"
            "w = StoreWriter(Path(sys.argv[1]), max_series=1000);"
            "labels = [(('__name__', 'x'), ('n', str(i))) for i in range(500)];"
            "series = np.array(list(w.numbers('a', labels, {}).values()))\n"
            "for at in range(10**6):\n"
            "    w.write('a', Batch(at, series, np.full(500, float(at)))); print(at, flush=True)"
        )
        command = [sys.executable, "-c", program, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if int(line) >= 40:
                    process.send_signal(signal.SIGKILL)
                    break
            rest = process.stdout.read().split()
        assert process.returncode == -signal.SIGKILL
        said = int(rest[-1]) if rest and rest[-1].isdigit() else int(line)
        reader = StoreReader(path)
        found = reader.select([], 0, 10**9)
        reader.close()
        assert len(found) == 500
        assert {len(stamps) for _, stamps, _ in found} <= {said + 1, said + 2}
        assert len({len(stamps) for _, stamps, _ in found}) == 1
