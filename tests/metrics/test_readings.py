import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.metrics import questions
from monitor_core.metrics.promql import Engine, Grid, MemoryReader
from monitor_core.metrics.questions import Scope, Span
from monitor_core.metrics.readings import Latency, Traffic, joined, latencies

BOUNDS = (0.01, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0, float("inf"))


def le(bound):
    return "+Inf" if bound == float("inf") else str(bound)


def service(counts, endpoints=("/a",)):
    """A service whose buckets grow by so much at each scrape of 15 s: scrapes x bounds."""
    reader = MemoryReader()
    stamps = np.arange(len(counts)) * 15_000
    reader.add({"__name__": "up", "job": "api", "instance": "i"}, stamps, np.ones(len(counts)))
    for endpoint in endpoints:
        totals = np.cumsum(np.cumsum(counts, axis=1), axis=0)
        for place, bound in enumerate(BOUNDS):
            labels = {"__name__": "api_request_duration_seconds_bucket", "endpoint": endpoint, "le": le(bound)}
            reader.add(labels | {"job": "api", "instance": "i"}, stamps, totals[:, place])
    return Engine(reader)


def asked(engine, text, span):
    return engine.query_range(text, span.first, span.end, span.step).value


def own_percentile(counts, share):
    """The service's own percentile from its own buckets, written out."""
    total, below = sum(counts), 0
    for place, count in enumerate(counts):
        if count and below + count >= share * total:
            if place == len(counts) - 1:
                return BOUNDS[-2]
            low = BOUNDS[place - 1] if place else 0.0
            return low + (BOUNDS[place] - low) * (share * total - below) / count
        below += count
    return float("nan")


COUNTS = st.lists(st.lists(st.integers(0, 9), min_size=len(BOUNDS), max_size=len(BOUNDS)), min_size=8, max_size=8).map(
    np.array
)


class TestLatency:
    """Percentiles, shares, and what they rest on."""

    @given(COUNTS, st.sampled_from([0.5, 0.95, 0.99]))
    def test_a_percentile_is_that_of_the_service(self, counts, share):
        """Of the requests between the first and the last scrape, to 1e-9."""
        span = Span(0, 105, 15)
        told = Latency.of(asked(service(counts), questions.buckets(Scope(), 15), span), 15)
        own = own_percentile(counts[1:].sum(axis=0).tolist(), share)
        found = told.percentile(share)
        assert told.total == counts[1:].sum()
        assert found.value == pytest.approx(own, abs=1e-9, nan_ok=True)
        if told.total:
            assert found.low <= found.value <= found.high

    @given(COUNTS)
    def test_it_is_what_the_query_gives(self, counts):
        """The text that people take elsewhere says what the page says, at every step."""
        span = Span(0, 105, 15)
        engine = service(counts)
        told = Latency.of(asked(engine, questions.buckets(Scope(), 15), span), 15)
        grid = asked(engine, questions.percentile(0.95, Scope(), 15), span)
        assert told.percentiles(0.95) == pytest.approx(grid.values[:, 0], abs=1e-12, nan_ok=True)
        shares = asked(engine, questions.share_above(0.15, Scope(), 15), span)
        assert told.shares_above(0.15) == pytest.approx(shares.values[:, 0], abs=1e-12, nan_ok=True)

    def test_wider_steps_add_up_to_the_same(self):
        """So a table by endpoint agrees with the headline."""
        counts = np.random.default_rng(1).integers(0, 20, (481, len(BOUNDS)))
        span = Span(0, 7_200, 30)
        engine = service(counts, ("/a", "/b"))
        whole = Latency.of(asked(engine, questions.buckets(Scope(), 30), span), 30)
        wide = span.coarser(12)
        parts = latencies(asked(engine, questions.buckets(Scope(), wide.step, "endpoint"), wide), 600, ("endpoint",))
        assert list(parts) == [("/a",), ("/b",)]
        assert sum(part.total for part in parts.values()) == whole.total

    def test_only_a_bound_has_an_exact_share(self):
        """In between, nothing is made up."""
        told = Latency(np.array([0]), np.array([0.1, np.inf]), np.array([[3.0, 4.0]]), 30)
        assert told.share_above(0.1) == 0.25
        assert told.share_above(0.12) is None
        assert np.isnan(told.shares_above(0.12)).all()

    def test_above_every_bound_it_says_so(self):
        """The highest bound, and no upper one."""
        told = Latency(np.array([0]), np.array([0.1, np.inf]), np.array([[1.0, 100.0]]), 30)
        found = told.percentile(0.95)
        assert (found.value, found.low, found.high) == (0.1, 0.1, np.inf)

    def test_without_requests_there_is_no_percentile(self):
        """NaN, not zero."""
        told = Latency(np.array([0]), np.array([0.1, np.inf]), np.array([[0.0, 0.0]]), 30)
        assert np.isnan(told.percentile(0.95).value)
        assert told.share_above(0.1) is None
        assert not told.is_empty

    def test_nothing_at_all_is_empty(self):
        """No series."""
        told = Latency.of(Grid((), np.array([0, 1]), np.empty((2, 0)), np.empty((2, 0), dtype=bool)), 30)
        assert told.is_empty
        assert told.total == 0
        assert told.last_known is None
        assert np.isnan(told.percentiles(0.5)).all()

    def test_a_gap_stays_unknown(self):
        """Steps without any bucket are no steps without requests."""
        grid = Grid(
            ((("le", "0.1"),), (("le", "+Inf"),)),
            np.array([0, 1000]),
            np.array([[1.0, 2.0], [np.nan, np.nan]]),
            np.array([[True, True], [False, False]]),
        )
        told = Latency.of(grid, 1)
        assert told.total == 2
        assert told.last_known == 0
        assert np.isnan(told.percentiles(0.5)).tolist() == [False, True]


class TestTraffic:
    """Requests by status."""

    GRID = Grid(
        ((("endpoint", "/a"), ("status_code", "200")), (("endpoint", "/a"), ("status_code", "503"))),
        np.array([0, 1000, 2000]),
        np.array([[5.0, 1.0], [6.0, np.nan], [np.nan, np.nan]]),
        np.array([[True, True], [True, False], [False, False]]),
    )

    def test_statuses_are_summed(self):
        """A step in which only others were seen has none of it; one that nobody saw is unknown."""
        told = Traffic.of(self.GRID, 15, ("endpoint", "status_code"))
        assert told.of_status("5").tolist()[:2] == [1.0, 0.0]
        assert np.isnan(told.of_status("5")[2])
        assert told.total() == 12
        assert told.total("/a", 0) == 12

    def test_nothing_known_is_nothing(self):
        """No series at all."""
        empty = Grid((), np.array([0]), np.empty((1, 0)), np.empty((1, 0), dtype=bool))
        told = Traffic.of(empty, 15, ("status_code",))
        assert np.isnan(told.every).all()
        assert told.total() == 0


def test_pieces_give_what_the_whole_gives():
    """A long range asked in parts."""
    counts = np.random.default_rng(2).integers(0, 20, (200, len(BOUNDS)))
    engine = service(counts)
    span = Span(0, 2_985, 15)
    text = questions.buckets(Scope(), 15)
    whole = asked(engine, text, span)
    parts = joined([asked(engine, text, piece) for piece in span.pieces(700)])
    assert parts.labels == whole.labels
    assert np.array_equal(parts.timestamps, whole.timestamps)
    assert np.array_equal(parts.values, whole.values, equal_nan=True)
