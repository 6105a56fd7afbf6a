import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.metrics import questions
from monitor_core.metrics.promql import Engine, MemoryReader
from monitor_core.metrics.promql.notation import add_series
from monitor_core.metrics.promql.reader import MatchKind
from monitor_core.metrics.questions import RANGES, Scope, Span, added, quoted


def engine(*series, interval=15_000):
    reader = MemoryReader()
    for text in series:
        add_series(reader, text, interval)
    return Engine(reader)


def at(told, text, time):
    """The values of an instant query by the values of their labels."""
    answer = told.query(text, time).value
    return {
        tuple(value for _, value in labels): float(number)
        for labels, number in zip(answer.labels, answer.values, strict=True)
    }


class TestAdded:
    """By how much counters grow."""

    def test_it_is_a_whole_number(self):
        """Nothing is extrapolated: between 30 s and 60 s, six were counted."""
        told = engine('hits_total{job="a"} 0+3x10', 'up{job="a"} 1x10')
        assert at(told, added("hits_total", 30), 67) == {("a",): 6.0}

    def test_the_steps_of_a_range_add_up(self):
        """The sum over steps is the last value less the first, however odd the moments."""
        told = engine('hits_total{job="a"} 7 11 11 30 31 99 100 100 250', 'up{job="a"} 1x8')
        grid = told.query_range(added("hits_total", 22), 22, 110, 22).value
        assert grid.values[:, 0].sum() == 100 - 7

    def test_a_counter_that_is_new_began_at_zero(self):
        """The first error of a service that was scraped before is one error, not none."""
        told = engine('errors_total{job="a",code="500"} _ _ _ 1 1 1', 'up{job="a"} 1x6')
        assert at(told, added("errors_total", 30), 60) == {("500", "a"): 1.0}

    def test_what_was_counted_before_anyone_looked_does_not_count(self):
        """A service watched from now on has its history behind it."""
        told = engine('hits_total{job="a"} _ _ _ 5000 5000 5000', 'up{job="a"} _ _ _ 1 1 1')
        assert at(told, added("hits_total", 30), 60) == {("a",): 0.0}

    @pytest.mark.parametrize("after", [2, 4_000])
    def test_a_restart_never_counts_backwards(self, after):
        """Neither where the new count is below the old one, nor where it has passed it within the step."""
        told = engine(f'hits_total{{job="a"}} 900 1000 2 {after}', 'up{job="a"} 1x4')
        assert at(told, added("hits_total", 60), 45)[("a",)] >= after

    def test_a_restart_between_two_steps_began_at_zero(self):
        """All that the new process has counted, and not the difference to the old one."""
        told = engine('hits_total{job="a"} 900 1000 2 4000', 'up{job="a"} 1x4')
        assert at(told, added("hits_total", 30), 45) == {("a",): 4000.0}

    def test_a_service_that_ended_keeps_what_it_counted(self):
        """Its last step still counts."""
        told = engine('hits_total{job="a"} 0 10 20 stale stale', 'up{job="a"} 1x4')
        assert at(told, added("hits_total", 60), 60)[("a",)] >= 20

    def test_the_first_step_is_exact_too(self):
        """Of a service just begun to be watched: from the first value seen, not drawn out to the step's beginning."""
        told = engine('hits_total{job="a"} _ _ 4 4 104 404', 'up{job="a"} _ _ 1 1 1 1')
        assert at(told, added("hits_total", 600), 80) == {("a",): 400.0}

    def test_a_missed_scrape_loses_nothing(self):
        """The next step holds what came in between."""
        told = engine('hits_total{job="a"} 0 10 _ _ 40 50', 'up{job="a"} 1 1 _ _ 1 1')
        grid = told.query_range(added("hits_total", 15), 15, 75, 15).value
        assert np.nansum(grid.values) == 50

    def test_nothing_gives_nothing(self):
        """No series, no answer."""
        assert at(engine('up{job="a"} 1'), added("hits_total", 30), 0) == {}


class TestScope:
    """Which requests."""

    def test_values_are_quoted(self):
        """A route that looks like PromQL stays a value."""
        hostile = '/x"} or vector(1) #\\\n'
        told = engine('up{job="a"} 1')
        assert at(told, Scope("a", hostile).of("up"), 0) == {}

    @given(st.text(max_size=40).filter(lambda text: not any(0xD800 <= ord(letter) < 0xE000 for letter in text)))
    def test_every_text_comes_back(self, text):
        """Whatever a label holds, the engine reads the same."""
        from monitor_core.metrics.promql.parser import parse

        (matcher,) = (one for one in parse(f"up{{a={quoted(text)}}}").matchers if one.name == "a")
        assert (matcher.kind, matcher.value) == (MatchKind.EQUAL, text)

    def test_machines_are_those_of_services(self):
        """Without a job, other exporters' figures stay out."""
        told = engine(
            'process_cpu_percent{job="api",instance="a"} 40',
            'process_cpu_percent{job="node",instance="b"} 99',
            'api_requests_total{job="api",instance="a",endpoint="/x"} 1',
        )
        assert at(told, questions.shared_cpu(Scope()), 0) == {("a",): 40.0}
        assert at(told, questions.shared_cpu(Scope("api")), 0) == {("a",): 40.0}


def latency(job, endpoint, bounds):
    return [
        f'api_request_duration_seconds_bucket{{job="{job}",endpoint="{endpoint}",le="{bound}"}} 0+{count}x20'
        for bound, count in bounds.items()
    ]


SERVICE = [
    *latency("api", "/fast", {"0.1": 8, "0.15": 9, "1.0": 10, "+Inf": 10}),
    *latency("api", "/slow", {"0.1": 0, "0.15": 1, "1.0": 9, "+Inf": 10}),
    'api_requests_total{job="api",endpoint="/fast",method="GET",status_code="200"} 0+10x20',
    'api_requests_total{job="api",endpoint="/slow",method="GET",status_code="500"} 0+10x20',
    'model_predictions_total{job="api",predicted_label="1",confidence="high",model_version="1"} 0+2x20',
    'model_predictions_total{job="api",predicted_label="1",confidence="high",model_version="2"} 0+3x20',
    'up{job="api"} 1x20',
]


class TestQuestions:
    """Against samples of which the answer is known."""

    def test_a_percentile_lies_within_its_bucket(self):
        """Of 20 requests a scrape, the median is the tenth: one in ten of the way from .1 to .15 and so on."""
        found = at(engine(*SERVICE), questions.percentile(0.5, Scope("api", "/fast"), 60), 300)
        assert found == {(): pytest.approx(0.1 * 5 / 8)}

    @pytest.mark.parametrize(("objective", "share"), [(0.15, 0.5), (1.0, 0.05)])
    def test_the_share_above_a_bound_is_exact(self, objective, share):
        """However the client writes the bound: 1 or 1.0."""
        assert at(engine(*SERVICE), questions.share_above(objective, Scope(), 60), 300) == {(): pytest.approx(share)}

    def test_requests_are_told_apart(self):
        """By endpoint and status."""
        found = at(engine(*SERVICE), questions.requests(Scope(), 60, "endpoint", "status_code"), 300)
        assert found == {("/fast", "200"): 40.0, ("/slow", "500"): 40.0}

    def test_versions_of_a_model_are_added_up(self):
        """Label and confidence remain."""
        assert at(engine(*SERVICE), questions.predictions(Scope("api"), 60), 300) == {("high", "1"): 20.0}

    def test_disks_are_read_per_second(self):
        """Bytes a second, of the machines of services."""
        told = engine(
            'system_disk_read_bytes_total{job="api",instance="a"} 0+1500x20',
            'api_requests_total{job="api",instance="a"} 0x20',
        )
        for scope in (Scope(), Scope("api")):
            assert at(told, questions.disk_read(scope, 60), 300) == {("a",): pytest.approx(100.0)}

    def test_a_counter_of_ones_own(self):
        """Workers are added up, its own labels stay."""
        told = engine(
            'loans_total{job="api",instance="a",region="n"} 0+1x20',
            'loans_total{job="api",instance="b",region="n"} 0+2x20',
            'up{job="api",instance="a"} 1x20',
        )
        assert at(told, questions.counter("loans_total", Scope("api"), 60), 300) == {("api", "n"): 12.0}

    def test_a_gauge_shows_its_largest(self):
        """At most twenty series."""
        told = engine(*[f'queue{{n="{n}"}} {n}' for n in range(30)])
        assert len(at(told, questions.gauge("queue", Scope()), 0)) == 20


class TestSpan:
    """Steps of a range."""

    @pytest.mark.parametrize("seconds", RANGES.values())
    @pytest.mark.parametrize("least", [1, 30, 60, 1_234.5])
    def test_a_range_fits_a_chart(self, seconds, least):
        """At most 600 points, never narrower than scrapes allow."""
        span = Span.of(seconds, 1_800_000_123.4, least=least)
        assert span.steps <= 600
        assert span.step >= least
        assert span.end - span.start >= seconds
        assert 0 <= 1_800_000_123.4 - span.end <= max(1, span.step / 6)

    @pytest.mark.parametrize("seconds", RANGES.values())
    def test_wider_steps_cover_the_same_time(self, seconds):
        """Or a table would not add up to its headline."""
        span = Span.of(seconds, 1_800_000_123.4, least=30)
        wide = span.coarser(12)
        assert (wide.start, wide.end) == (span.start, span.end)
        assert wide.steps <= 12

    def test_pieces_follow_each_other(self):
        """Each step once."""
        span = Span.of(RANGES["15d"], 1_800_000_000)
        pieces = span.pieces(86_400)
        ends = np.concatenate([np.arange(piece.first, piece.end + 1, piece.step) for piece in pieces])
        assert ends.tolist() == np.arange(span.first, span.end + 1, span.step).tolist()

    def test_the_period_before_ends_where_this_one_begins(self):
        """Neither gap nor overlap."""
        span = Span(1_000, 2_000, 10)
        assert span.before() == Span(0, 1_000, 10)


def test_starters_fit_the_kind():
    """A counter is never drawn as it stands."""
    assert questions.starter("hits_total", "") == "sum by (job) (rate(hits_total[5m]))"
    assert questions.starter("queue", "gauge") == "queue"
