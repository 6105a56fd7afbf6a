"""Whatever happens to a file on its way, the answer is a table or a refusal."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor_core.errors import Refused
from monitor_core.settings import SnapshotSettings
from monitor_core.snapshots.check import check_table
from monitor_core.snapshots.files import open_upload
from monitor_core.snapshots.guess import guess
from monitor_core.snapshots.peek import peek

FORMATS = ["csv", "jsonl", "parquet", "arrow", "stream", "gz:csv", "zip:csv", "zip:parquet"]
LIMITS = SnapshotSettings()
several = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=FORMATS)
def data(request, table, lab):
    """A small file of each format."""
    return lab.encode(table.slice(0, 40), request.param)


def use(path, folder):
    """Do everything that happens to an upload; return why it was refused, or None."""
    try:
        peek(path, name="file", limits=LIMITS)
        source = open_upload(path, folder, name="file", limits=LIMITS)
        roles = guess(source.schema, source.schema.empty_table())
        check_table(source, roles, now=datetime(2026, 11, 23, tzinfo=UTC))
    except Refused as refused:
        return refused
    return None


@several
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 40))
def test_flipped_bytes_never_give_a_traceback(data, seed, flips, tmp_path):
    """A few bytes changed anywhere."""
    data, rng = bytearray(data), random.Random(seed)
    for _ in range(flips):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path = tmp_path / "file"
    path.write_bytes(data)
    refused = use(path, tmp_path)
    assert refused is None or (refused.message and refused.reasons)


@several
@given(share=st.floats(0, 1))
def test_a_file_cut_anywhere_never_gives_a_traceback(data, share, tmp_path):
    """The upload stops at any byte."""
    path = tmp_path / "file"
    path.write_bytes(data[: int(share * len(data))])
    refused = use(path, tmp_path)
    assert refused is None or (refused.message and refused.reasons)


@several
@given(content=st.binary(max_size=300))
def test_arbitrary_bytes_never_give_a_traceback(content, tmp_path):
    """Whatever somebody drags into the page."""
    path = tmp_path / "file"
    path.write_bytes(content)
    refused = use(path, tmp_path)
    assert refused is None or (refused.message and refused.reasons)


@several
@given(text=st.text(alphabet='ab,;"\n\r\t 1.5é\ufeff|', max_size=200))
def test_arbitrary_text_never_gives_a_traceback(text, tmp_path):
    """Text made of what CSV readers stumble over."""
    path = tmp_path / "file"
    path.write_bytes(text.encode())
    refused = use(path, tmp_path)
    assert refused is None or (refused.message and refused.reasons)
