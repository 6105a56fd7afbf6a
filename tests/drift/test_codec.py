"""Summaries as bytes."""

import numpy as np
import pytest

from monitor_core.drift.baseline import Baseline, ReferenceGranules
from monitor_core.drift.codec import decode, decode_block, encode
from monitor_core.drift.grid import FeatureGrid, Grid
from monitor_core.drift.results import FeatureKind
from monitor_core.drift.summary import TableSummary
from monitor_core.errors import Conflict, InvalidInput


def small_grid(n_features: int = 130) -> Grid:
    numeric = FeatureKind.NUMERIC
    floats = [
        FeatureGrid(
            f"x{i} \N{SNOWMAN}", numeric, "feature", "double", np.array([0.0, 1.0, 2.5 + i]), (), np.array([0, 2])
        )
        for i in range(n_features - 2)
    ]
    whole = FeatureGrid("n", numeric, "score", "int64", np.array([-(2**62), 7], np.int64), (), np.array([0, 1]))
    text = FeatureGrid("c", FeatureKind.CATEGORICAL, "feature", "string", np.zeros(0), ("a", "ü"), np.array([0, 1, 2]))
    return Grid((*floats, whole, text), "day", "c", ("a",))


def filled(grid: Grid, seed: int = 1) -> TableSummary:
    rng = np.random.default_rng(seed)
    n = len(grid.features)
    return TableSummary(
        grid,
        10,
        rng.integers(0, 3 * 10**5, grid.n_cells),
        rng.integers(0, 9, (n, 6)),
        rng.normal(size=(n, 2)),
        rng.normal(size=(n, 2)),
        (("n", "string"),),
        (("new", "double"),),
    )


def same(left: TableSummary, right: TableSummary) -> bool:
    arrays = ("cells", "tallies", "sums", "extremes")
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in arrays) and (
        (left.n_rows, left.retyped, left.extra) == (right.n_rows, right.retyped, right.extra)
    )


def test_a_summary_comes_back_as_it_was():
    """Decoding what was encoded gives every count, sum, extreme and finding."""
    summary = filled(small_grid())
    assert same(decode(summary.grid, encode(summary)), summary)


def test_one_block_is_read_alone():
    """The block of one feature is enough to read that feature."""
    summary = filled(small_grid())
    number = summary.grid.block_of("n")
    block = decode_block(summary.grid, number, encode(summary)[number])
    assert number == 2
    assert np.array_equal(block.feature("n").cells, summary.feature("n").cells)


def test_the_same_summary_gives_the_same_bytes():
    """Nothing in a payload depends on when or where it was made."""
    assert encode(filled(small_grid())) == encode(filled(small_grid()))


def test_a_missing_block_is_named():
    """Two of three blocks are not a summary."""
    summary = filled(small_grid())
    with pytest.raises(InvalidInput, match=r"blocks \[1\] of 3"):
        decode(summary.grid, {0: encode(summary)[0], 2: encode(summary)[2]})


@pytest.mark.parametrize("damage", [b"", b"BWP1", b"junk" * 10, b"BWP1\xff\xff\xff\xff{}"])
def test_a_damaged_payload_is_refused(damage):
    """Bytes that are no payload give a plain error."""
    with pytest.raises(InvalidInput, match="cannot be read"):
        decode_block(small_grid(), 0, damage)


def test_a_cut_payload_is_refused():
    """A payload that lost its end gives a plain error."""
    summary = filled(small_grid(5))
    with pytest.raises(InvalidInput):
        decode(summary.grid, [encode(summary)[0][:-40]])


def test_a_grid_comes_back_as_it_was():
    """Reading a stored grid gives the same grid, byte for byte."""
    grid = small_grid()
    again = Grid.from_bytes(grid.to_bytes())
    assert again.to_bytes() == grid.to_bytes()
    assert again.grid_id == grid.grid_id
    assert again.features[-1].levels == ("a", "ü")
    assert again.features[-2].knots.tolist() == [-(2**62), 7]


def test_merging_needs_the_same_grid():
    """Counts on different cells cannot be added."""
    with pytest.raises(Conflict, match="different grids"):
        filled(small_grid(4)).merge(filled(small_grid(5)))


def test_merging_accepts_an_equal_grid():
    """A grid that was read from the database is the same grid."""
    grid = small_grid(4)
    total = filled(grid).merge(filled(Grid.from_bytes(grid.to_bytes())))
    assert total.n_rows == 20


def test_a_baseline_comes_back_with_its_hash():
    """Reading stored blocks gives the same baseline, hash included, in any order of rows."""
    grid = small_grid()
    reference = ReferenceGranules(("2026-01-01", "2026-01-02"), np.array([4, 6]), np.ones((2, grid.n_psi_cells), int))
    baseline = Baseline(grid, {"": filled(grid), "a": filled(grid, 2)}, {"": reference})
    again = Baseline.from_blocks(Grid.from_bytes(grid.to_bytes()), reversed(list(baseline.blocks())))
    assert again.sha256 == baseline.sha256
    assert again.last_granule == "2026-01-02"
    assert again.segments == ("a",)
    assert np.array_equal(again.reference().cells, reference.cells)
