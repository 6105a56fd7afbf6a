"""The rhythm of all targets together."""

import threading
import time

import pytest

from monitor_core.metrics.scrape.scraping import Scraping, all_targets, next_due
from monitor_core.metrics.store.database import FILE
from monitor_core.metrics.store.reader import StoreReader
from monitor_core.settings import load


def settings(tmp_path, **metrics):
    return load(
        environ={}, arguments={"data_dir": tmp_path, **{f"metrics.{key}": value for key, value in metrics.items()}}
    )


def test_each_target_in_its_rhythm(tmp_path, raw_server, answers):
    """The first scrape at once, the others on a grid; a dead target holds up nobody; stopping is quick."""
    alive = raw_server(answers(b"x 1\n"))
    given = settings(
        tmp_path,
        targets=f"api=http://{alive.host}/metrics, dead=http://127.0.0.1:9/metrics",
        scrape_interval=0.2,
        scrape_self=False,
    )
    scraping = Scraping(given)
    thread = threading.Thread(target=scraping.run)
    thread.start()
    reader = StoreReader(tmp_path / FILE)

    def found():
        rows = reader.select([], 0, 10**14)
        return {(dict(labels)["job"], dict(labels)["__name__"]): (stamps, values) for labels, stamps, values in rows}

    end = time.monotonic() + 20
    while len(found().get(("api", "x"), [()])[0]) < 4 and time.monotonic() < end:
        time.sleep(0.05)
    scraping.stop()
    thread.join(timeout=5)
    assert not thread.is_alive()
    stamps, values = found()["api", "x"]
    assert len(stamps) >= 4
    assert set(values) == {1.0}
    assert (stamps[1:] - stamps[:-1]).min() > 0
    assert set(found()["dead", "up"][1]) == {0.0}
    reader.close()


@pytest.mark.parametrize("now", [0.0, 99.999, 1_795_424_591.837])
@pytest.mark.parametrize("interval", [0.1, 15.0, 60.0])
def test_the_next_moment_is_ahead_and_on_the_grid(now, interval):
    """Never now, never more than an interval away."""
    due = next_due(now, interval, interval / 3)
    assert -0.001 <= due - now <= interval + 0.001
    assert abs((due - interval / 3) / interval - round((due - interval / 3) / interval)) < 0.01


def test_targets_of_settings(tmp_path):
    """The app itself, unless it is named or not wanted; none where a server does it."""
    own = "http://127.0.0.1:8501/metrics"
    assert [target.url for target in all_targets(settings(tmp_path, targets="a=http://h/m"))] == ["http://h/m", own]
    assert [target.url for target in all_targets(settings(tmp_path, scrape_self=False))] == []
    assert len(all_targets(settings(tmp_path, targets=f"bellwether={own}"))) == 1
    assert all_targets(settings(tmp_path, prometheus_url="http://h", targets="a=http://h/m")) == ()


def test_targets_that_are_gone_are_not_shown(tmp_path, raw_server, answers):
    """Their samples stay, their states go."""
    host = raw_server(answers(b"x 1\n")).host
    for name in ("old", "new"):
        scraping = Scraping(
            settings(tmp_path, targets=f"{name}=http://{host}/", scrape_self=False, scrape_interval=0.1)
        )
        thread = threading.Thread(target=scraping.run)
        thread.start()
        time.sleep(0.6)
        scraping.stop()
        thread.join()
    reader = StoreReader(tmp_path / FILE)
    assert [owner for (owner,) in reader.rows("SELECT owner FROM target")] == [f'["new", "{host}"]']
    assert set(reader.index().values("job")) == {"old", "new"}
    reader.close()
