"""The domain classifier: what it finds, what it leaves alone, and when it does not answer."""

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.drift.multivariate import LEAST_REFERENCES, multivariate, reference_aucs
from monitor_core.errors import InvalidInput
from monitor_core.values import Verdict

QUIET = tuple(np.linspace(0.47, 0.53, 20))


def correlated(rng, rows, rho, *, features=10):
    """Normal features of which the first two correlate; every single one always looks the same."""
    values = rng.normal(size=(rows, features))
    values[:, 1] = rho * values[:, 0] + np.sqrt(1 - rho**2) * values[:, 1]
    return pa.table({f"f{i}": values[:, i] for i in range(features)})


def mixed(rng, rows, *, cities=("Bern", "Genf", "Uri"), missing=0.1):
    """A number with gaps, a text, a flag and a date, the text and the gaps open to change."""
    numbers = rng.normal(size=rows)
    return pa.table(
        {
            "number": pa.array(numbers, mask=rng.random(rows) < missing),
            "city": pa.array(rng.choice(cities, rows)).dictionary_encode(),
            "flag": rng.random(rows) < 0.5,
            "day": pa.array(rng.integers(0, 1_000, rows), pa.int32()).cast(pa.date32()),
        }
    )


@pytest.fixture
def rng():
    return np.random.default_rng(20261123)


class TestFinds:
    def test_a_correlation_that_falls(self, rng):
        """From .8 to .4, while each feature keeps its own distribution; the two are named as drivers."""
        found = multivariate(correlated(rng, 4_000, 0.8), correlated(rng, 1_000, 0.4), QUIET, rng_seed=1)
        assert found.verdict is Verdict.DRIFTED
        assert {name for name, _ in found.drivers[:2]} == {"f0", "f1"}
        assert sum(share for _, share in found.drivers) == pytest.approx(1.0)

    def test_a_level_the_baseline_never_held(self, rng):
        """Categories are used as they are."""
        current = mixed(rng, 600, cities=("Bern", "Genf", "Zug"))
        found = multivariate(mixed(rng, 2_000), current, QUIET, rng_seed=1)
        assert found.verdict is Verdict.DRIFTED
        assert found.drivers[0][0] == "city"

    def test_values_that_go_missing(self, rng):
        """Missing is information."""
        found = multivariate(mixed(rng, 2_000), mixed(rng, 600, missing=0.5), QUIET, rng_seed=1)
        assert found.verdict is Verdict.DRIFTED
        assert found.drivers[0][0] == "number"


class TestLeavesAlone:
    def test_rows_of_the_same_law(self, rng):
        """Stable, with a p-value and no drivers."""
        found = multivariate(mixed(rng, 2_000), mixed(rng, 600), QUIET, rng_seed=1)
        assert found.verdict is Verdict.STABLE
        assert found.p_value > 0.01
        assert found.drivers == ()

    def test_an_auc_that_a_quiet_granule_reached_too(self, rng):
        """Significant by the t-test, but one of the references strayed further: not unusual."""
        granules = correlated(rng, 2_000, 0.8, features=4), correlated(rng, 800, 0.4, features=4)
        assert multivariate(*granules, [0.5] * 60, rng_seed=1).verdict is Verdict.DRIFTED
        found = multivariate(*granules, [0.5] * 60 + [0.65], rng_seed=1)
        assert (found.verdict, found.p_value < 0.01) == (Verdict.STABLE, True)

    def test_columns_without_any_information(self):
        """All missing, constant and infinite columns are no reason to stop."""
        empty = pa.nulls(400, pa.float64())
        table = pa.table({"empty": empty, "constant": np.ones(400), "infinite": np.full(400, np.inf)})
        found = multivariate(table, table, [0.5] * 20, rng_seed=1)
        assert (found.auc, found.verdict) == (0.5, Verdict.STABLE)

    def test_the_same_rows_and_seed_give_the_same_answer(self, rng):
        """Also where samples are taken."""
        baseline, current = correlated(rng, 9_000, 0.8, features=3), correlated(rng, 2_500, 0.4, features=3)
        first, second = (multivariate(baseline, current, QUIET, rng_seed=9) for _ in range(2))
        assert first == second
        assert (first.n_baseline, first.n_current) == (8_000, 2_000)


class TestDoesNotAnswer:
    def test_with_few_rows(self, rng):
        """Both sides are named with what they have and what they need."""
        found = multivariate(correlated(rng, 150, 0.8), correlated(rng, 40, 0.8), QUIET, rng_seed=1)
        assert (found.verdict, found.auc, found.p_value) == (Verdict.UNDECIDED, None, None)
        assert "150 rows" in found.reasons[0]
        assert "40 rows" in found.reasons[1]

    def test_with_few_references(self, rng):
        """The AUC is shown, the verdict is not given; an unknown AUC is no reference."""
        known = [0.5] * (LEAST_REFERENCES - 1) + [float("nan")]
        found = multivariate(correlated(rng, 400, 0.8), correlated(rng, 300, 0.8), known, rng_seed=1)
        assert found.verdict is Verdict.UNDECIDED
        assert found.auc is not None
        assert "13 reference granules" in found.reasons[0]

    def test_without_a_common_column(self):
        """Every column that was left out is named."""
        left, right = pa.table({"a": np.ones(300)}), pa.table({"b": np.ones(300)})
        found = multivariate(left, right, QUIET, rng_seed=1)
        assert found.verdict is Verdict.UNDECIDED
        assert found.reasons == (
            "no column is usable on both sides",
            "column 'a' is absent from the current rows",
            "column 'b' is not in the baseline",
        )


class TestReferences:
    def test_quiet_granules_are_about_a_half(self, rng):
        """One AUC a granule, none far from .5."""
        granules = [correlated(rng, 400, 0.8, features=4) for _ in range(5)]
        aucs = reference_aucs(granules, n_baseline=4_000, n_current=400, rng_seed=1)
        assert len(aucs) == 5
        assert all(0.4 < auc < 0.6 for auc in aucs)

    def test_granules_of_too_few_rows_are_left_out(self, rng):
        """Less than half of the rows to be judged says nothing about them."""
        granules = [correlated(rng, rows, 0.8, features=2) for rows in (900, 900, 300)]
        assert len(reference_aucs(granules, n_baseline=4_000, n_current=900, rng_seed=1)) == 2

    def test_of_fewer_than_two_there_is_no_spread(self, rng):
        """Nothing to tell apart."""
        assert reference_aucs([correlated(rng, 400, 0.8)], n_baseline=4_000, n_current=400, rng_seed=1) == ()

    def test_progress_is_told(self, rng):
        """Before each granule, from 0."""
        told = []
        granules = [correlated(rng, 300, 0.8, features=2) for _ in range(3)]
        reference_aucs(
            granules, n_baseline=4_000, n_current=300, rng_seed=1, progress=lambda share, _: told.append(share)
        )
        assert told == pytest.approx([0, 1 / 3, 2 / 3])

    def test_no_rows_is_no_question(self):
        """Refused."""
        with pytest.raises(InvalidInput, match="against 0 rows"):
            reference_aucs([], n_baseline=4_000, n_current=0, rng_seed=1)


@pytest.mark.calibration
def test_quiet_rows_are_seldom_told_apart_and_changed_ones_are(rng):
    """A world of 14 reference granules: at most 4 of 40 quiet ones alarm, 12 of 12 changed ones are found.

    With 3 % false positives 5 of 40 would come once in 150 runs.
    The full run is `tests/benchmarks/bench_multivariate.py`.
    """
    granules = [correlated(rng, 1_000, 0.8) for _ in range(LEAST_REFERENCES)]
    aucs = reference_aucs(granules, n_baseline=4_000, n_current=1_000, rng_seed=2)
    baseline = pa.concat_tables(granules).slice(0, 4_000)
    quiet = [multivariate(baseline, correlated(rng, 1_000, 0.8), aucs, rng_seed=i) for i in range(40)]
    changed = [multivariate(baseline, correlated(rng, 1_000, 0.4), aucs, rng_seed=i) for i in range(12)]
    assert sum(result.verdict is Verdict.DRIFTED for result in quiet) <= 4
    assert all(result.verdict is Verdict.DRIFTED for result in changed)
