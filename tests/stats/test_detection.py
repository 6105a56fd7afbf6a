"""What can be found, and when."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.stats import expected_delay, f_star_from_f1, labels_needed, relevant_share, smallest_drop

SHARE = relevant_share(precision=0.68, recall=0.76, prevalence=0.10)


def test_the_labels_of_the_stated_example():
    """About 10,000, 2,637 and 725 labels for drops of 5, 10 and 20 %."""
    found = [labels_needed(drop, f1=0.72, relevant_share=SHARE) for drop in (0.05, 0.10, 0.20)]
    assert found == pytest.approx([10_000, 2_637, 725], rel=1e-3)


def test_that_many_cases_do_find_the_drop():
    """In four cases of five, at one false find in a hundred."""
    rng = np.random.default_rng(2)
    cases = labels_needed(0.10, f1=0.72)
    before, after = (float(f_star_from_f1(f1)) for f1 in (0.72, 0.648))
    bar = before * cases - 2.3263 * np.sqrt(cases * before * (1 - before))
    assert (rng.binomial(cases, after, 200_000) < bar).mean() == pytest.approx(0.80, abs=0.02)
    assert (rng.binomial(cases, before, 200_000) < bar).mean() == pytest.approx(0.01, abs=0.003)


@given(st.floats(0.02, 0.6), st.floats(0.1, 0.95), st.floats(1, 10))
@settings(deadline=None)
def test_the_smallest_drop_is_the_one_that_needs_all_cases(drop, f1, deff):
    """Each is the other's inverse."""
    cases = labels_needed(drop, f1=f1, deff=deff)
    found = smallest_drop(cases, f1=f1, deff=deff)
    assert found is not None
    assert found <= drop + 1e-9
    assert labels_needed(found * 1.0001, f1=f1, deff=deff) <= cases + 1


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(0.1, 0.95))
@settings(deadline=None)
def test_more_cases_show_a_smaller_drop(one, other, f1):
    """Or, where neither shows any, none."""
    few, many = sorted((one, other))
    found_few, found_many = (smallest_drop(cases, f1=f1) for cases in (few, many))
    assert found_few is None or (found_many is not None and found_many <= found_few + 1e-12)


def test_no_case_shows_nothing():
    """Not even a drop to a hundredth."""
    assert smallest_drop(0, f1=0.72) is None


class TestExpectedDelay:
    @given(st.floats(0.02, 0.4), st.floats(0.02, 0.4), st.floats(2, 500))
    @settings(deadline=None)
    def test_a_larger_drop_is_found_sooner(self, one, other, relevant):
        """Or at all."""
        small, large = sorted((one, other))
        late, soon = (expected_delay(drop, f1=0.72, f_star=0.5625, relevant=relevant) for drop in (small, large))
        assert late is None or (soon is not None and soon <= late)

    def test_a_larger_test_set_finds_it_sooner(self):
        """The closer the null to the truth."""
        bounds = [expected_delay(0.10, f1=0.72, f_star=bound, relevant=27) for bound in (0.50, 0.53, 0.55, 0.5625)]
        assert bounds == sorted(bounds, reverse=True)
        assert bounds[0] > bounds[-1]

    def test_a_drop_that_stays_above_the_null_is_never_found(self):
        """F1 of .72 less 5 % is above what a small test set excludes."""
        assert expected_delay(0.05, f1=0.72, f_star=0.50, relevant=27) is None

    def test_clustered_rows_count_less(self):
        """As that many fewer cases."""
        clustered = expected_delay(0.10, f1=0.72, f_star=0.5625, relevant=54, deff=2.0)
        assert clustered == expected_delay(0.10, f1=0.72, f_star=0.5625, relevant=27)

    def test_without_cases_there_is_no_alarm(self):
        """Ever."""
        assert expected_delay(0.2, f1=0.72, f_star=0.5625, relevant=0) is None

    def test_a_flood_is_found_at_once(self):
        """On the first granule."""
        assert expected_delay(0.2, f1=0.72, f_star=0.5625, relevant=100_000) == 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: labels_needed(0.0, f1=0.7),
        lambda: labels_needed(0.1, f1=1.0),
        lambda: smallest_drop(10, f1=0.0),
        lambda: expected_delay(0.1, f1=0.7, f_star=0.5, relevant=-1),
        lambda: expected_delay(1.1, f1=0.7, f_star=0.5, relevant=1),
        lambda: relevant_share(precision=0.0, recall=0.5, prevalence=0.1),
        lambda: relevant_share(precision=0.5, recall=1.5, prevalence=0.1),
    ],
)
def test_what_cannot_be_is_refused(call):
    """Shares outside 0..1, F1 of 0 or 1, negative counts."""
    with pytest.raises(InvalidInput):
        call()
