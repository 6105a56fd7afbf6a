"""The operators' trail on both databases."""

import threading

import pytest
from sqlalchemy import delete, text, update

from monitor_core.audit.chain import GENESIS
from monitor_core.storage.schema import audit_event
from monitor_core.storage.trail import Trail


@pytest.fixture
def trail(engine, clock):
    return Trail(engine, clock)


class TestRecord:
    """Appending."""

    def test_records_are_chained(self, trail):
        """Each carries the hash of the one before."""
        first = trail.record("model.add", "churn", actor="ann", detail={"title": "Churn"})
        second = trail.record("model.archive", "churn", actor="bob")
        assert (first.sequence, first.previous) == (1, GENESIS)
        assert (second.sequence, second.previous) == (2, first.hash)
        assert trail.list() == (second, first)

    def test_what_comes_back_is_what_was_hashed(self, trail, clock):
        """Floats, large integers, text of any sort and nested values survive either database."""
        detail = {"é\u2028": [0.1, 1e300, 2**62, None, True, {"a": "b\0c\ud800"}], "when": clock(), "nan": float("nan")}
        trail.record("x.y", "sub\0ject", actor="\U0001f600", detail=detail)
        assert trail.verify() is None
        assert trail.list()[0].detail["nan"] == "nan"

    def test_it_shares_the_fate_of_the_deed(self, trail, engine):
        """Rolled back with the transaction."""
        with engine.begin() as connection:
            trail.record("model.add", "churn", actor="ann", connection=connection)
            connection.rollback()
        assert trail.list() == ()

    def test_many_writers_make_one_chain(self, trail):
        """Eight threads, no gap, no fork, no deadlock."""
        threads = [
            threading.Thread(target=lambda who=who: [trail.record("a.b", "c", actor=who) for _ in range(10)])
            for who in "abcdefgh"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert [record.sequence for record in trail.all()] == list(range(1, 81))
        assert trail.verify() is None


class TestVerify:
    """Tampering is found and named."""

    @pytest.fixture
    def long_trail(self, trail):
        for number in range(5):
            trail.record("a.b", f"c{number}", actor="ann", detail={"n": number})
        return trail

    def test_an_edited_record(self, long_trail, engine):
        """The first broken one."""
        with engine.begin() as connection:
            connection.execute(update(audit_event).where(audit_event.c.sequence == 3).values(actor="eve"))
        broken = long_trail.verify()
        assert (broken.sequence, broken.reason) == (3, "its content was changed")

    def test_a_removed_record(self, long_trail, engine):
        """Named by its number."""
        with engine.begin() as connection:
            connection.execute(delete(audit_event).where(audit_event.c.sequence == 2))
        assert long_trail.verify().reason == "record 2 is missing"

    def test_a_record_rewritten_with_a_hash_of_its_own(self, long_trail, engine):
        """The next one does not follow it any more."""
        with engine.begin() as connection:
            connection.execute(text("UPDATE audit_event SET hash = 'f00' WHERE sequence = 2"))
        assert long_trail.verify().sequence == 2

    def test_the_cut_off_end_is_not_noticed(self, long_trail, engine):
        """As documented: that takes an anchor elsewhere."""
        with engine.begin() as connection:
            connection.execute(delete(audit_event).where(audit_event.c.sequence > 3))
        assert long_trail.verify() is None


class TestList:
    """Looking things up."""

    @pytest.fixture
    def filled(self, trail, clock):
        for action, subject, actor in (
            ("model.add", "churn", "ann"),
            ("baseline.activate", "churn 1", "bob"),
            ("baselines.x", "100%", "bob"),
            ("model.delete", "churn", "ann"),
        ):
            trail.record(action, subject, actor=actor)
            clock.advance(hours=1)
        return trail

    @pytest.mark.parametrize(
        ("filters", "sequences"),
        [
            ({}, [4, 3, 2, 1]),
            ({"limit": 2}, [4, 3]),
            ({"actor": "bob"}, [3, 2]),
            ({"action": "model.add"}, [1]),
            ({"action": "model."}, [4, 1]),
            ({"action": "baseline."}, [2]),
            ({"subject": "100%"}, [3]),
            ({"actor": "nobody"}, []),
        ],
    )
    def test_filters(self, filled, filters, sequences):
        """Exact, or a whole kind of action by a trailing dot; newest first."""
        assert [record.sequence for record in filled.list(**filters)] == sequences

    def test_a_window_is_half_open(self, filled):
        """`since` belongs to it, `until` does not."""
        records = filled.list()
        assert [r.sequence for r in filled.list(since=records[2].at, until=records[0].at)] == [3, 2]
