"""Bounded samples of rows."""

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.drift.sample import RowSample, Sampler, row_keys
from monitor_core.errors import InvalidInput


def sampled(values, *, size, first_row=0, batch_rows=100):
    sampler = Sampler(size)
    for start in range(0, len(values), batch_rows):
        part = values[start : start + batch_rows]
        batch = pa.record_batch({"x": part})
        sampler.add("day", None, row_keys(first_row + start, len(part)), batch)
    return sampler.samples()["day"]


def test_a_sample_is_the_same_for_any_batches():
    """The rows with the smallest keys, whatever came with them."""
    values = np.arange(5_000)
    one, other = sampled(values, size=40, batch_rows=5_000), sampled(values, size=40, batch_rows=7)
    assert one.table.equals(other.table)
    assert one.n_rows == other.n_rows == 5_000
    assert one.table.num_rows == 40


def test_every_row_has_the_same_chance():
    """Over many tables the sample's mean is that of the rows."""
    means = [sampled(np.arange(1_000), size=50, first_row=1_000 * i).table["x"].to_numpy().mean() for i in range(200)]
    assert np.mean(means) == pytest.approx(499.5, abs=4 * 288 / np.sqrt(50 * 200))


def test_merging_samples_is_sampling_once():
    """Two files' samples make the sample of both."""
    values = np.arange(2_000)
    whole = sampled(values, size=30)
    parts = sampled(values[:800], size=30), sampled(values[800:], size=30, first_row=800)
    merged = parts[0].merge(parts[1], size=30)
    assert merged.table.equals(whole.table)
    assert merged.n_rows == 2_000


def test_a_stored_sample_comes_back():
    """Bytes hold rows, keys and the number of rows behind them."""
    sample = sampled(np.arange(500), size=20)
    again = RowSample.from_bytes(sample.to_bytes())
    assert again.table.equals(sample.table)
    assert np.array_equal(again.keys, sample.keys)
    assert again.n_rows == 500


@pytest.mark.parametrize("damage", [b"", b"junk"])
def test_a_damaged_sample_is_refused(damage):
    """Bytes that are no sample give a plain error."""
    with pytest.raises(InvalidInput, match="cannot be read"):
        RowSample.from_bytes(damage)


def test_no_sample_is_kept_when_none_is_wanted():
    """Size 0 counts rows and keeps none."""
    sample = sampled(np.arange(10), size=0)
    assert (sample.n_rows, sample.table.num_rows) == (10, 0)


def test_dictionaries_are_not_carried_along():
    """A few rows of a column with a million levels are a few texts."""
    sampler = Sampler(5)
    batch = pa.record_batch({"c": pa.array(["a", "b", "a"]).dictionary_encode()})
    sampler.add("day", None, row_keys(0, 3), batch)
    assert sampler.samples()["day"].table.schema.field("c").type == pa.string()
