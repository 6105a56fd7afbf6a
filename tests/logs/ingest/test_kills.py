"""kill -9 at random moments, across rotations: nothing lost, nothing doubled."""

import gzip
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

KILLS = int(os.environ.get("BELLWETHER_KILLS", "20"))


class Writer(threading.Thread):
    """Writes lines and rotates: by renaming and packing, some while lines are still unread."""

    def __init__(self, folder, seed):
        super().__init__(daemon=True)
        self.folder, self.draw, self.ended = folder, random.Random(seed), threading.Event()
        self.n_lines = self.n_rotations = 0

    def run(self):
        file = (self.folder / "app.log").open("ab", buffering=0)
        while not self.ended.is_set():
            for _ in range(self.draw.randrange(1, 60)):
                day = 10 + self.n_lines // 3_000 % 12
                self.n_lines += 1
                text = (
                    f'{{"timestamp": "2026-11-{day:02d}T10:00:00Z", "message": "request n{self.n_lines}"}}\n'.encode()
                )
                cut = self.draw.randrange(len(text))
                file.write(text[:cut])  # torn across two writes: a partial line to wait for
                file.write(text[cut:])
            time.sleep(self.draw.random() * 0.03)
            if self.draw.random() < 0.05:
                file.close()
                self.rotate()
                file = (self.folder / "app.log").open("ab", buffering=0)
        file.close()

    def rotate(self):
        self.n_rotations += 1
        aside = self.folder / f"app.log.{self.n_rotations}"
        (self.folder / "app.log").rename(aside)
        if self.draw.random() < 0.7:
            packed = self.folder / f"app.log.{self.n_rotations}.gz"
            packed.write_bytes(gzip.compress(aside.read_bytes(), 1))
            aside.unlink()


@pytest.mark.calibration
def test_kills_lose_and_double_nothing(world):
    """Each line once, after the last kill and one quiet reading."""
    seed = random.randrange(2**32)
    draw, writer = random.Random(seed), Writer(world.logs, seed)
    program = Path(__file__).with_name("following_in_a_process.py")
    writer.start()
    grown, before = 0, 0
    for _ in range(KILLS):
        words = [sys.executable, str(program), str(world.root), str(world.logs)]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdout.readline() == b"ready\n"
        time.sleep(draw.random() * draw.random())
        assert child.poll() is None, child.communicate()[1].decode()
        child.send_signal(signal.SIGKILL)
        child.communicate()
        count = world.search(limit=1).count
        grown, before = grown + (count > before), count
    writer.ended.set()
    writer.join()
    found = world.take()
    assert found.problems == {}
    counted = Counter(int(message.rpartition(" n")[2]) for message in world.messages("request"))
    assert set(counted) == set(range(1, writer.n_lines + 1)), f"seed {seed}: lost"
    assert set(counted.values()) == {1}, f"seed {seed}: doubled"
    assert writer.n_rotations > 0
    assert grown > KILLS / 4  # most were killed at work, not on their way to it


def test_lines_are_visible_within_a_second(world):
    """From writing to finding, with another process reading the files."""
    program = Path(__file__).with_name("following_in_a_process.py")
    world.write("app.log", world.line(words="first"))
    child = subprocess.Popen(
        [sys.executable, str(program), str(world.root), str(world.logs)], stdout=subprocess.DEVNULL
    )
    try:
        waits = []
        for number in range(11):
            word = f"needle{number}"
            world.write("app.log", world.line(words=word))
            started = time.monotonic()
            while not world.messages(word) and time.monotonic() - started < 20:
                time.sleep(0.02)
            waits.append(time.monotonic() - started)
        assert sorted(waits[1:])[5] < 1  # the first one waits for the process to start
    finally:
        child.kill()
        child.wait()
