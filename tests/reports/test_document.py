"""The one object behind every format."""

from dataclasses import replace

from monitor_core.drift.results import Calibration, CellState
from monitor_core.reports.document import build, telling_granules
from monitor_core.values import Severity, Verdict


class TestFeatures:
    def test_attention_comes_first(self, document):
        """Drift leads, then absent, unconfirmed and undecided columns, then what is stable."""
        assert [line.drift.state for line in document.features] == [
            *[CellState.DRIFTED] * 2,
            CellState.ABSENT,
            CellState.UNCONFIRMED,
            CellState.UNDECIDED,
            *[CellState.STABLE] * 4,
        ]

    def test_the_larger_drift_leads(self, document):
        """Among drifted features severity and size decide."""
        assert [line.name for line in document.features[:2]] == ["volume_ratio_30d", "rsi_14"]

    def test_a_past_drift_is_shown_where_it_was(self, document):
        """A feature that drifted and came back is stable now; its card shows the last granule of its drift."""
        line = next(line for line in document.features if line.name == "days_to_results")
        assert (line.drift.state, line.n_drifted, line.last_drifted) == (CellState.STABLE, 4, "2026-11-18")
        assert (line.telling.state, line.telling_granule) == (CellState.DRIFTED, "2026-11-18")

    def test_past_drift_leads_the_stable_ones(self, document):
        """Among stable features the one that drifted earlier comes first."""
        assert document.features[5].name == "days_to_results"

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
        assert document.n_drifted == states.count(CellState.DRIFTED) == 2
        assert document.n_unconfirmed == states.count(CellState.UNCONFIRMED) == 1
        assert document.n_undecided == states.count(CellState.UNDECIDED) == 1
        assert document.n_absent == states.count(CellState.ABSENT) == 1

    def test_headline_is_that_of_the_run(self, document, run):
        """Report and page show the same: the latest granule."""
        headline = (run.severity, run.verdict, run.n_drifted, run.n_unconfirmed, run.n_undecided)
        counted = (document.n_drifted, document.n_unconfirmed, document.n_undecided)
        assert (document.severity, document.verdict, *counted) == headline

    def test_past_drift_is_counted_apart(self, document):
        """What once drifted is told from what drifts now."""
        assert document.n_drifted_ever == 3

    def test_order_of_results_does_not_matter(self, run, model, granules, details, document):
        """The same results in another order make the same report."""
        again = build(run, model, tuple(reversed(granules)), details)
        assert [line.granule for line in again.granules] == [line.granule for line in document.granules]
        assert again.sentence == document.sentence

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
        assert [(line.segment, line.n_rows, line.n_drifted) for line in document.segments] == [("north", 500, 2)]

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
        undecided = (make_drift("a", CellState.UNDECIDED, None),)
        only = replace(granules[0], features=undecided, verdict=Verdict.UNDECIDED)
        document = build(run, model, [only], {})
        assert document.verdict is Verdict.UNDECIDED
        assert document.sentence == "Not enough data: no feature could be judged in 2026-11-10."

    def test_all_quiet(self, run, model, granules):
        """Without drift the sentence names how much was looked at."""
        quiet = [replace(item, features=item.features[:1]) for item in granules]
        document = build(run, model, quiet, {})
        assert document.sentence == "No drift in 1 feature in the latest day, 2026-11-21."
