"""Details as bytes, and added up again."""

import numpy as np
import pytest

from monitor_core.errors import InvalidInput
from monitor_core.performance.detail_reading import read_cells, read_delays, read_entities, read_scores
from monitor_core.performance.details import CELLS, DELAYS, ENTITIES, SCORES, join_parts, pack, part, split


def entities(keys, level=0, right=1):
    records = np.zeros(len(keys), ENTITIES)
    records["entity"], records["true_positives"] = keys, right
    return pack(records, {"level": level})


def test_scores_add_up_by_granule():
    """Changes are signed."""
    one = pack(np.array([(7, 2), (1_007, 1), (2_007, 1)], SCORES))
    two = pack(np.array([(7, -1), (5_999, 4)], SCORES))
    counts = read_scores([one, two, one], [0, 0, 1], 3)
    assert (counts.made[0, 0, 7], counts.made[0, 1, 7], counts.made[1, 0, 7]) == (1, 1, 2)
    assert (counts.labelled[0, 0, 0, 7], counts.labelled[0, 1, 1, 999]) == (1, 4)
    assert counts.made[2].sum() == 0


def test_delays_add_up_by_granule():
    """As wide as the longest."""
    delays = read_delays([pack(np.array([(0, 2), (3, 1)], DELAYS)), pack(np.array([(3, -1)], DELAYS))], [1, 1], 2)
    assert delays.arrived.tolist() == [[0, 0, 0, 0], [2, 0, 0, 0]]
    assert read_delays([], [], 2).arrived.shape == (2, 0)


def test_entities_are_the_same_in_every_granule():
    """Where one granule holds a smaller sample, the others are cut to it."""
    low, high = 5, 2**63 + 5
    found = read_entities([entities([low, high]), entities([low], level=1)], [0, 1])
    assert (found.share, found.entity.tolist(), found.granule.tolist()) == (0.5, [low, low], [0, 1])


def test_at_most_two_thousand_entities_are_followed():
    """By their key, so that the same ones are chosen each time."""
    keys = np.random.default_rng(1).integers(0, 2**63, 9_000).astype(np.uint64) * np.uint64(2)
    found = read_entities([entities(keys[:4_500]), entities(keys[4_500:])], [0, 1])
    assert 1_000 < np.unique(found.entity).size <= 2_000
    assert found.share in {1 / 4, 1 / 8}


def test_what_cancels_out_is_gone():
    """A label that was corrected from relevant to not."""
    found = read_entities([entities([1, 2]), entities([1], right=-1)], [0, 0])
    assert found.entity.tolist() == [2]
    assert read_entities([], []).entity.size == 0


def test_cells_of_different_codings_meet_by_their_words():
    """A new grid keeps the old words where they are the same."""
    one = pack(np.array([(0, 1, 0, 5)], CELLS), {"features": [["age", ["young", "old"]]]})
    two = pack(
        np.array([(1, 0, 0, 3), (0, 0, 3, 2)], CELLS), {"features": [["job", ["any"]], ["age", ["old", "older"]]]}
    )
    age, job = read_cells([one, two], [0, 1], 2)
    assert (age.feature, age.labels, job.labels) == ("age", ("young", "old", "older"), ("any",))
    assert (age.counts[0, 1].tolist(), age.counts[1, 1].tolist()) == ([5, 0, 0, 0], [3, 0, 0, 0])
    assert job.counts[1, 0].tolist() == [0, 0, 0, 2]
    assert read_cells([], [], 2) == ()


@pytest.mark.parametrize("payload", [b"", b"BPD1\xff\xff\xff\xff", b"nonsense"])
def test_other_bytes_are_refused(payload):
    """In details and in joined parts."""
    with pytest.raises(InvalidInput):
        split([payload], SCORES)
    with pytest.raises(InvalidInput):
        part(payload, "scores")


def test_parts_are_found_by_name():
    """Whatever their order."""
    joined = join_parts({"a": b"12", "b": b"", "c": b"345"})
    assert [part(joined, name) for name in "abcd"] == [b"12", b"", b"345", b""]
