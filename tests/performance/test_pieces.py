"""A file's rows, piece by piece."""

import numpy as np
import pytest

from monitor_core.performance.pieces import Pieces


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, n), rng.integers(0, 2, n), rng.random(n)


def collected(predicted, label, score, step):
    pieces = Pieces()
    for start in range(0, len(score), step):
        part = slice(start, start + step)
        pieces.add(predicted[part], label[part], score[part])
    return pieces.counts


@pytest.mark.parametrize("n", [250, 3_500, 6_999, 7_000, 68_785, 1_000_000])
def test_pieces_are_equal_and_few(n):
    counts = collected(*rows(n), step=n)
    sizes = set(counts.sum(axis=(1, 2, 3)).tolist())
    assert len(sizes) == 1
    assert min(n // 250, 14) <= len(counts) <= 27
    assert n - counts.sum() < sizes.pop()


@pytest.mark.parametrize("step", [1_000, 250, 333, 4_999, 9_000, 97])
def test_batches_do_not_matter(step):
    table = rows(9_000)
    np.testing.assert_array_equal(collected(*table, step=step), collected(*table, step=9_000))


def test_rows_are_counted_in_the_order_of_the_file():
    predicted, label, score = rows(5_000)
    counts = collected(predicted, label, np.sort(score), step=700)
    means = (counts.sum(axis=(1, 2)) * np.arange(1_000)).sum(axis=1)
    assert np.all(np.diff(means) > 0)
    assert counts.sum(axis=(0, 3)).tolist() == np.histogram2d(predicted, label, bins=2)[0].tolist()


def test_rows_without_a_score_are_left_out():
    predicted, label, score = rows(1_000)
    score[::2] = np.nan
    assert collected(predicted, label, score, step=100).sum() == 500


def test_few_rows_make_no_piece():
    assert collected(*rows(249), step=249).shape == (0, 2, 2, 1_000)
