"""Rows in the cells that drift compares."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.drift import build_baseline
from monitor_core.insight.coding import MISSING, MOST_FEATURES, GridCoder

WEEKS = pa.array(np.datetime64("2026-01-01", "us") + np.arange(200).astype("timedelta64[D]"))


def coded(coder, name, values):
    batch = pa.RecordBatch.from_pydict({name: values})
    (place,) = [i for i, (known, _) in enumerate(coder.features) if known == name]
    words = coder.features[place][1]
    return [words[cell] for cell in coder.code(batch)[:, place]]


@pytest.fixture(scope="module")
def coder():
    rng = np.random.default_rng(7)
    table = pa.table(
        {
            "spend": rng.lognormal(size=1_000),
            "calls": rng.poisson(1.2, 1_000),
            "plan": pa.array(rng.choice(["basic", "plus"], 1_000)).dictionary_encode(),
            "paid": rng.random(1_000) < 0.4,
            "since": pa.array(rng.choice(np.array(WEEKS), 1_000)),
        }
    )
    return GridCoder(build_baseline(table).grid)


def test_numbers_fall_into_the_tenths_of_the_baseline(coder):
    """Ten cells, the outer ones open."""
    words = dict(coder.features)["spend"]
    assert len(words) == 11
    assert words[0].startswith("below ")
    assert words[-2].endswith("and more")
    assert coded(coder, "spend", [-1e300, 1e300, np.inf, -np.inf]) == [words[0], words[9], words[9], words[0]]


def test_what_is_missing_has_the_last_cell(coder):
    """Null, NaN, an absent column and one of another type alike."""
    assert coded(coder, "spend", [None, np.nan]) == [MISSING, MISSING]
    assert coded(coder, "spend", ["much", "more"]) == [MISSING, MISSING]
    batch = pa.RecordBatch.from_pydict({"plan": ["basic"]})
    by_feature = dict(zip((name for name, _ in coder.features), coder.code(batch)[0], strict=True))
    assert by_feature["spend"] == 10
    assert coded(coder, "since", pa.nulls(2)) == [MISSING, MISSING]


def test_few_values_have_a_cell_each(coder):
    """Counts are named by their value."""
    assert coded(coder, "calls", [0, 1, 2]) == ["0", "1", "2"]
    assert coded(coder, "calls", [-999]) == ["below 0"]


def test_levels_are_named(coder):
    """Encoded or not, known or not."""
    expected = ["plus", "not in the baseline", MISSING]
    assert coded(coder, "plan", ["plus", "gold", None]) == expected
    assert coded(coder, "plan", pa.array(["plus", "gold", None]).dictionary_encode()) == expected


def test_truth_may_come_as_numbers(coder):
    """0 and 1 are false and true, 2 is neither."""
    assert coded(coder, "paid", [True, False, None]) == ["true", "false", MISSING]
    assert coded(coder, "paid", [1, 0, 2]) == ["true", "false", "not in the baseline"]


def test_dates_are_named_by_day(coder):
    """Microseconds are nothing to read."""
    (word,) = coded(coder, "since", WEEKS[:1])
    assert word.startswith("below 2026-01-")


def test_predictions_and_scores_are_not_coded():
    """They are the answer, not what it goes with."""
    from monitor_core.snapshots.roles import Role, Roles

    roles = Roles((("x", Role.FEATURE), ("p", Role.PREDICTION), ("s", Role.SCORE)))
    table = pa.table({"x": [1.0, 2.0, 3.0], "p": [0, 1, 1], "s": [0.1, 0.9, 0.8]})
    coder = GridCoder(build_baseline(table, roles=roles).grid)
    assert [name for name, _ in coder.features] == ["x"]


def test_of_very_many_features_the_important_ones_are_coded():
    """In the order of the file."""
    names = [f"x{n}" for n in range(MOST_FEATURES + 20)]
    baseline = build_baseline(pa.table({name: [1.0, 2.0] for name in names}))
    coder = GridCoder(baseline.grid, {"x119": 0.5, "x118": 0.2})
    coded_names = [name for name, _ in coder.features]
    assert len(coded_names) == MOST_FEATURES
    assert coded_names[-2:] == ["x118", "x119"]


@given(st.lists(st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 1.0])), min_size=1, max_size=60))
def test_cells_are_those_of_drift(values):
    """What is coded is what drift counts."""
    baseline = build_baseline(pa.table({"x": pa.array(values, pa.float64())}))
    coder = GridCoder(baseline.grid)
    cells = coder.code(pa.RecordBatch.from_pydict({"x": pa.array(values, pa.float64())}))[:, 0]
    assert np.bincount(cells, minlength=baseline.grid.n_psi_cells).tolist() == baseline.total().psi_cells().tolist()


@given(st.lists(st.one_of(st.none(), st.sampled_from("abcdefg")), min_size=1, max_size=200))
def test_levels_are_those_of_drift(values):
    """The same for categories."""
    baseline = build_baseline(pa.table({"x": pa.array(values, pa.string())}))
    coder = GridCoder(baseline.grid)
    cells = coder.code(pa.RecordBatch.from_pydict({"x": pa.array(values, pa.string())}))[:, 0]
    assert np.bincount(cells, minlength=baseline.grid.n_psi_cells).tolist() == baseline.total().psi_cells().tolist()
