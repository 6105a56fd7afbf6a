"""A few values are kept."""

import threading

from monitor_core.drift.recent import Recent


def test_a_kept_value_is_not_read_again():
    """As long as it is kept."""
    reads = []
    recent = Recent(2)
    for key in "aab":
        recent.get(key, lambda key=key: reads.append(key))
    assert reads == ["a", "b"]


def test_the_one_used_longest_ago_goes_first():
    """Not the one read first."""
    reads = []
    recent = Recent(2)
    for key in "abacab":
        recent.get(key, lambda key=key: reads.append(key))
    assert reads == ["a", "b", "c", "b"]


def test_nothing_is_kept_with_size_0():
    """Every call reads."""
    recent = Recent(0)
    assert [recent.get("a", lambda value=value: value) for value in (1, 2)] == [1, 2]


def test_threads_may_share_it():
    """Each gets the value of its key."""
    recent, wrong = Recent(3), []

    def work():
        wrong.extend(key for key in range(500) if recent.get(key % 7, lambda key=key: key % 7) != key % 7)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
