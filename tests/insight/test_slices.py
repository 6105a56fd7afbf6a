"""Worst slices: a planted one is found and named, and without one nothing is."""

import time

import numpy as np
import pytest

from monitor_core.errors import InvalidInput
from monitor_core.insight.slices import CodedFeature, worst_slices

NAMES = {
    "region": ("north", "south", "east", "west"),
    "plan": ("basic", "plus", "pro"),
    "age": ("under 30", "30 to 50", "over 50", "missing"),
    "device": ("phone", "desktop"),
}
FEATURES = [CodedFeature(name, labels) for name, labels in NAMES.items()]


def make(rng, *, n=20_000, features=FEATURES, bad=None):
    """Rows with a prevalence of .2; where `bad` (a function of the codes) holds, answers are much worse."""
    cells = np.stack([rng.integers(0, len(f.labels), n) for f in features], axis=1).astype(np.uint8)
    label = rng.random(n) < 0.2
    hit, wrong = np.full(n, 0.75), np.full(n, 0.07)
    if bad is not None:
        where = bad(cells)
        hit[where], wrong[where] = 0.4, 0.2
    return cells, rng.random(n) < np.where(label, hit, wrong), label


@pytest.fixture
def rng():
    return np.random.default_rng(20261123)


class TestPlanted:
    def test_pair_is_found_and_named(self, rng):
        """Two cells together: in words, worst first, with the counts that a plain count gives."""
        cells, predicted, label = make(rng, bad=lambda c: (c[:, 0] == 0) & (c[:, 1] == 0))
        first = worst_slices(cells, predicted, label, FEATURES)[0]
        inside = (cells[:, 0] == 0) & (cells[:, 1] == 0)
        assert first.name == "region = north and plan = basic"
        assert first.true_positives == np.count_nonzero(inside & predicted & label)
        assert first.errors == np.count_nonzero(inside & (predicted != label))
        assert first.low < first.f1 < first.high < first.f1_elsewhere
        assert first.effect > 0.3
        assert "region = north and plan = basic: F1 0." in first.sentence()

    def test_single_cell_is_not_repeated_in_pairs(self, rng):
        """A bad cell is told once, not once with every other cell."""
        cells, predicted, label = make(rng, bad=lambda c: c[:, 1] == 2)
        assert [found.name for found in worst_slices(cells, predicted, label, FEATURES)] == ["plan = pro"]

    def test_better_slices_are_not_told(self, rng):
        """Only what is worse; the rest of a bad world is not bad by contrast."""
        cells, predicted, label = make(rng, bad=lambda c: c[:, 3] == 1)
        assert all("device = phone" not in found.name for found in worst_slices(cells, predicted, label, FEATURES))


class TestBounds:
    def test_few_cases_are_not_told(self, rng):
        """Fewer than 30 relevant cases, however bad."""
        cells, predicted, label = make(rng)
        cells[:, 0] = 1
        cells[:100, 0] = 0
        label[:29], predicted[:29] = True, False
        label[29:100], predicted[29:100] = False, False
        assert worst_slices(cells, predicted, label, FEATURES) == ()
        label[29] = True
        assert worst_slices(cells, predicted, label, FEATURES)[0].relevant == 30

    def test_small_effects_are_not_told(self, rng):
        """Significant, but by less than a tenth."""
        cells, predicted, label = make(rng, n=200_000)
        weak = (cells[:, 3] == 0) & label & (rng.random(len(label)) < 0.08)
        predicted = predicted & ~weak
        assert worst_slices(cells, predicted, label, FEATURES) == ()
        assert worst_slices(cells, predicted, label, FEATURES, min_effect=0.01)[0].name == "device = phone"

    def test_clustered_rows_weigh_less(self, rng):
        """With a design effect less is sure."""
        cells, predicted, label = make(rng, n=3_000, bad=lambda c: (c[:, 0] == 0) & (c[:, 1] == 0))
        assert worst_slices(cells, predicted, label, FEATURES)
        assert worst_slices(cells, predicted, label, FEATURES, deff=20.0) == ()

    def test_limit(self, rng):
        """No more than asked for, the worst of them."""
        cells, predicted, label = make(rng, bad=lambda c: (c[:, 0] == 0) | (c[:, 1] == 0))
        everything = worst_slices(cells, predicted, label, FEATURES)
        assert worst_slices(cells, predicted, label, FEATURES, limit=1) == everything[:1]

    @pytest.mark.parametrize("n", [0, 10])
    def test_next_to_nothing(self, rng, n):
        """Too few rows are no error."""
        assert worst_slices(*make(rng, n=n), FEATURES) == ()

    def test_one_class(self, rng):
        """Nothing relevant, or nothing wrong."""
        cells, _, label = make(rng)
        nothing = np.zeros(len(label), dtype=bool)
        assert worst_slices(cells, nothing, nothing, FEATURES) == ()
        assert worst_slices(cells, label, label, FEATURES) == ()
        assert worst_slices(cells, ~label, label, FEATURES) == ()

    def test_shapes(self, rng):
        """What does not fit is named."""
        cells, predicted, label = make(rng, n=50)
        with pytest.raises(InvalidInput, match="4 features"):
            worst_slices(cells[:, :3], predicted, label, FEATURES)
        cells[7, 1] = 3
        with pytest.raises(InvalidInput, match="'plan': code 3"):
            worst_slices(cells, predicted, label, FEATURES)


def test_fast_enough(rng):
    """100,000 rows and 25 features of ten cells: seconds would be felt on a page."""
    features = [CodedFeature(f"f{place}", tuple(map(str, range(10)))) for place in range(25)]
    cells, predicted, label = make(rng, n=100_000, features=features)
    start = time.process_time()
    worst_slices(cells, predicted, label, features)
    assert time.process_time() - start < 3.0


@pytest.mark.calibration
@pytest.mark.parametrize("n", [2_000, 20_000])
def test_nothing_planted_nothing_found(rng, n):
    """Under H0 at most 5 % of looks tell of any slice (here with effects of any size)."""
    features = [CodedFeature(f"f{place}", tuple(map(str, range(2 + place)))) for place in range(8)]
    repeats = 200 if n == 2_000 else 100
    found = sum(
        bool(worst_slices(*make(rng, n=n, features=features), features, min_effect=0.0)) for _ in range(repeats)
    )
    assert found / repeats <= 0.05 + 2 * (0.05 * 0.95 / repeats) ** 0.5
