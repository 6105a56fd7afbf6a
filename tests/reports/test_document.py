"""The one object behind every format."""

from dataclasses import replace

from monitor_core.drift.results import Calibration, CellState
from monitor_core.reports.document import build, telling_granules
from monitor_core.values import Severity, Verdict


class TestFeatures:
    def test_attention_comes_first(self, document):
        """Drift leads, then absent, unconfirmed and undecided columns, then what is stable."""
        assert [line.drift.state for line in document.features] == [
            *[CellState.DRIFTED] * 3,
            CellState.ABSENT,
            CellState.UNCONFIRMED,
            CellState.UNDECIDED,
            *[CellState.STABLE] * 3,
        ]

    def test_the_larger_drift_leads(self, document):
        """Among drifted features severity and size decide."""
        assert [line.name for line in document.features[:3]] == ["volume_ratio_30d", "rsi_14", "days_to_results"]

    def test_a_past_drift_is_shown_where_it_was(self, document):
        """A feature that drifted and came back is shown in the last granule of its drift, not in its quiet end."""
        line = next(line for line in document.features if line.name == "days_to_results")
        assert (line.granule, line.n_drifted, line.history[-1].state) == ("2026-11-18", 4, CellState.STABLE)

    def test_a_feature_that_comes_later_has_gaps(self, run, model, granules):
        """A granule without the feature is a gap in its history."""
        first = replace(granules[0], features=granules[0].features[1:])
        document = build(run, model, [first, *granules[1:]], {})
        line = next(line for line in document.features if line.name == "revenue_growth_yoy")
        assert line.history[0] is None
        assert line.history[1] is not None


class TestCounts:
    def test_counts_agree_with_the_lines(self, document):
        """Headline and table cannot disagree: both are counted from the same lines."""
        states = [line.drift.state for line in document.features]
        assert document.n_drifted == states.count(CellState.DRIFTED) == 3
        assert document.n_unconfirmed == states.count(CellState.UNCONFIRMED) == 1
        assert document.n_undecided == states.count(CellState.UNDECIDED) == 1
        assert document.n_absent == states.count(CellState.ABSENT) == 1

    def test_latest_granule_is_counted_apart(self, document):
        """What still drifts is told from what once drifted."""
        assert document.n_drifted_now == 2

    def test_order_of_results_does_not_matter(self, run, model, granules, details, document):
        """The same results in another order make the same report."""
        again = build(run, model, tuple(reversed(granules)), details)
        assert [line.granule for line in again.granules] == [line.granule for line in document.granules]
        assert again.sentence == document.sentence

    def test_severity_is_the_worst_of_the_granules(self, document):
        """The badge shows the worst granule."""
        assert document.severity is Severity.HIGH

    def test_least_trusted_calibration_is_told(self, run, model, granules, make_drift):
        """One uncalibrated feature is enough for the warning."""
        first = replace(granules[0], features=(make_drift("a"), make_drift("b", calibration=Calibration.NONE)))
        assert build(run, model, [first], {}).calibration is Calibration.NONE


class TestSegments:
    def test_segments_do_not_count_in_the_headline(self, run, model, granules):
        """Segments have a table of their own; rows are not counted twice."""
        north = [replace(item, segment="north", n_rows=500) for item in granules]
        document = build(run, model, [*granules, *north], {})
        assert document.n_rows == 24_000
        assert [(line.segment, line.n_rows, line.n_drifted) for line in document.segments] == [("north", 6_000, 3)]

    def test_segments_of_telling_cells_are_ignored(self, granules):
        """Details are asked for the whole, not for segments."""
        north = [replace(item, segment="north", granule="2027-01-01") for item in granules]
        assert telling_granules([*granules, *north]) == telling_granules(granules)


class TestVerdict:
    def test_nothing_to_judge(self, run, model):
        """A run without results is undecided and says so."""
        document = build(run, model, [], {})
        assert (document.verdict, document.n_features, document.severity) == (Verdict.UNDECIDED, 0, Severity.NONE)
        assert document.sentence == "Nothing to judge: the run holds no results."

    def test_only_undecided_features(self, run, model, granules, make_drift):
        """When no feature can be judged the report does not say stable."""
        only = replace(granules[0], features=(make_drift("a", CellState.UNDECIDED, None),))
        document = build(run, model, [only], {})
        assert document.verdict is Verdict.UNDECIDED
        assert document.sentence == "Not enough data: no feature could be judged."

    def test_all_quiet(self, run, model, granules):
        """Without drift the sentence names how much was looked at."""
        quiet = [replace(item, features=item.features[:1]) for item in granules]
        document = build(run, model, quiet, {})
        assert document.sentence == "No drift in 1 feature over 12 days (2026-11-10 to 2026-11-21)."
