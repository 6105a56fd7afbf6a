"""Following files: nothing lost, nothing doubled, through rotation, packing, truncation and damage."""

import gzip
import os
import shutil

import pytest

from monitor_core.errors import Unavailable


def numbers(messages):
    return sorted(int(message.rpartition(" n")[2]) for message in messages)


def test_lines_are_found_and_taken_once(world):
    """Reading again brings only what is new."""
    world.write("app.log", *(world.line() for _ in range(5)))
    assert world.take().n_lines == 5
    assert world.take().n_lines == 0
    world.write("app.log", world.line())
    assert world.take().n_lines == 1
    assert numbers(world.messages()) == [1, 2, 3, 4, 5, 6]


def test_a_partial_last_line_waits(world):
    """Half a line is no line; it is taken whole when its end comes."""
    world.write("app.log", world.line(), world.line()[:30])
    assert world.take().n_lines == 1
    half = world.line()[30:]
    world.write("app.log", half)
    assert world.take().n_lines == 1


def test_rotation_by_renaming(world):
    """The renamed file goes on where it was, the new one is a new one."""
    world.write("app.log", world.line())
    ingester = world.ingester()
    ingester.look()
    world.write("app.log", world.line())
    (world.logs / "app.log").rename(world.logs / "app.log.2026-11-21")
    world.write("app.log", world.line(22))
    world.write("app.log.2026-11-21", world.line())  # a writer that still holds it
    ingester.catch_up()
    assert numbers(world.messages()) == [1, 2, 3, 4]


@pytest.mark.parametrize("is_read_before", [True, False])
def test_rotation_by_packing(world, is_read_before):
    """A packed file is the one it was made of; unread lines are read from it."""
    world.write("app.log", *(world.line() for _ in range(3)))
    world.take()
    if not is_read_before:
        world.write("app.log", world.line())
    with gzip.open(world.logs / "app.log.1.gz", "wb") as packed:
        packed.write((world.logs / "app.log").read_bytes())
    world.take()  # both are there
    (world.logs / "app.log").unlink()
    world.write("app.log", world.line(22))
    world.take()
    assert numbers(world.messages()) == list(range(1, 5 if is_read_before else 6))
    assert world.take().n_lines == 0


def test_copy_and_truncate(world):
    """The copy is no new file, the truncated one begins anew."""
    world.write("app.log", *(world.line() for _ in range(3)))
    world.take()
    world.write("app.log", world.line())
    shutil.copy(world.logs / "app.log", world.logs / "app.log.1")
    os.truncate(world.logs / "app.log", 0)
    world.write("app.log", world.line(22))
    world.take()
    world.write("app.log", world.line(22))
    world.take()
    assert numbers(world.messages()) == [1, 2, 3, 4, 5, 6]


def test_an_inode_that_is_used_again(world):
    """Same place on the disk, another beginning: another file."""
    world.write("app.log", world.line(), world.line())
    world.take()
    os.truncate(world.logs / "app.log", 0)
    world.write("app.log", *(world.line() for _ in range(5)))
    world.take()
    assert numbers(world.messages()) == list(range(1, 8))


def test_files_that_begin_alike_are_told_apart(world):
    """A banner without a time is the first line of both."""
    for name in ("a.log", "b.log"):
        world.write(name, "ready\n", world.line())
    world.take()
    world.write("a.log", world.line())
    world.write("b.log", world.line())
    world.take()
    assert numbers(message for message in world.messages() if " n" in message) == [1, 2, 3, 4]
    assert world.messages("ready") == ["ready", "ready"]


def test_late_lines_stay_with_their_file_and_are_found_by_their_time(world):
    """A line of the day before, written after midnight."""
    world.write("app.log", world.line(21), world.line(22), world.line(21, "late"))
    world.take()
    assert numbers(world.messages("ts:2026-11-21")) == [1, 3]
    assert numbers(world.messages("ts:2026-11-22")) == [2]


def test_a_time_that_has_not_come_does_not_move_the_file(world):
    """One wrong clock, and the rest of the lines still go to their day."""
    world.write("app.log", '{"timestamp": "2099-01-01T00:00:00Z", "message": "future"}\n', world.line(22))
    world.take()
    assert sorted(path.name for path in (world.root / "app").iterdir()) == ["2026-11-23"]
    assert len(world.messages()) == 2


def test_huge_lines_and_binary_garbage_are_kept(world):
    """Cut with a mark, other lines untouched."""
    with (world.logs / "app.log").open("wb") as file:
        file.write(b"x" * 5_000 + b"\n" + bytes(range(256)).replace(b"\n", b"") + b"\n" + b"\xff\xfe\x00\n" + b"\n")
    world.write("app.log", world.line())
    assert world.take(max_line_bytes=1_024).n_lines == 5
    rows = world.search().rows
    assert any("[3,976 bytes cut]" in row.message for row in rows)
    assert numbers(world.messages("request")) == [1]
    assert world.take(max_line_bytes=1_024).n_lines == 0


def test_a_damaged_packed_file_is_said_and_the_rest_is_read(world):
    """Cut short: what can be read is, and other files are."""
    whole = gzip.compress("".join(world.line() for _ in range(2_000)).encode())
    (world.logs / "app.log.1.gz").write_bytes(whole[: len(whole) // 2])
    (world.logs / "bad.log.gz").write_bytes(b"\x1f\x8bnothing of the kind")
    world.write("app.log", world.line(22, "fine"))
    found = world.take()
    assert set(found.problems) == {"app.log.1.gz", "bad.log.gz"}
    assert world.messages("fine") == ["fine n2001"]
    assert 0 < len(world.messages("request")) < 2_000
    (world.logs / "app.log.1.gz").write_bytes(whole)
    world.take()
    assert numbers(world.messages()) == list(range(1, 2_002))


def test_a_packed_bomb_is_stopped(world):
    """More than may be unpacked is not."""
    world.write("app.log", world.line())
    (world.logs / "bomb.log.gz").write_bytes(gzip.compress(b"0" * 50_000_000))
    found = world.take(max_expanded_bytes=1_000_000)
    assert "1,000,000" in found.problems["bomb.log.gz"]
    assert len(world.messages()) == 1


def test_a_folder_that_is_not_there_is_said(world):
    """It is looked for again."""
    shutil.rmtree(world.logs)
    assert "cannot be read" in next(iter(world.take().problems.values()))


def test_links_and_other_names_are_left_alone(world, tmp_path):
    """Only log files, only real ones."""
    (tmp_path / "secret").write_text("secret\n")
    (world.logs / "link.log").symlink_to(tmp_path / "secret")
    world.write("errors.log", world.line())
    world.write("notes.txt", world.line())
    assert world.take().n_lines == 0


def test_one_process_writes(world):
    """A second ingester is refused by the index itself."""
    world.write("app.log", world.line())
    first = world.ingester()
    first.look()
    second = world.ingester()
    world.write("app.log", world.line())
    with pytest.raises(Unavailable, match="another process"):
        second.look()
    first.close()


def test_dropped_days_are_not_read_again(world):
    """How far files were read outlives their lines."""
    from datetime import timedelta

    from monitor_core.logs.ingest.registry import Registry
    from monitor_core.logs.ingest.sealing import drop_older

    world.write("app.log", world.line(10), world.line(10))
    world.take()
    dropped = drop_older(world.root, Registry(world.root / "files.json"), now=world.at, keep=timedelta(days=5))
    assert dropped == ("app 2026-11-10",)
    world.write("app.log", world.line(22))
    world.take()
    assert numbers(world.messages()) == [3]


def test_following_drops_days_that_are_too_old(world):
    """Reading an archive once keeps it; who follows keeps so many days."""
    world.write("app.log", world.line(10))
    world.write("new.log", world.line(22))
    world.take(keep_days=5)
    assert numbers(world.messages()) == [1, 2]
    looks = iter([False, True])
    world.ingester(keep_days=5).run(stop=lambda: next(looks))
    assert numbers(world.messages()) == [2]
    assert world.take().n_lines == 0


def test_sealed_counts_equal_the_index(world):
    """Histograms of a day that is over come from its counts, and late files make them anew."""
    from monitor_core.logs.index.counts import read_counts
    from monitor_core.logs.search import LogService

    world.write("app.log", *(world.line() for _ in range(200)))
    world.take()
    place = world.root / "app" / "2026-11-21"
    assert read_counts(place / "counts.npz").n_rows == 200
    service = LogService(world.root, world.settings, world.now)
    for text in ("", "level>=INFO", "level:ERROR", "-level:INFO"):
        sealed = service.histogram(text, step_seconds=60)
        (place / "counts.npz").rename(place / "aside")
        service.reset()
        counted = service.histogram(text, step_seconds=60)
        (place / "aside").rename(place / "counts.npz")
        assert sealed.values == counted.values
        assert sealed.counts.tolist() == counted.counts.tolist()
    world.write("other.log", world.line())
    world.write("app.log", world.line())
    world.take()
    assert service.histogram("").total == 202


def test_following_shows_each_line_once(world):
    """From now on, as they are committed."""
    from monitor_core.logs.search import LogService

    world.write("app.log", world.line())
    ingester = world.ingester()
    ingester.catch_up()
    rows = LogService(world.root, world.settings, world.now).follow("request", is_over=lambda: False)
    assert next(rows) == ()
    world.write("app.log", world.line(22), world.line(21, "other"), world.line(21))
    ingester.look()
    assert [row.message for row in next(rows)] == ["request n4", "request n2"]
    assert next(rows) == ()
    ingester.close()
