"""Chained lines: whatever is done to them is named."""

import json
import time
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.audit.chain import GENESIS, canonical_json, record_hash
from monitor_core.audit.lines import PREDICTIONS, chained, read_link, verify_lines


def make(count, last=None):
    lines = []
    for number in range(count):
        line, sequence, digest = chained(canonical_json({"entity": f"e{number}", "label": number % 2}), last)
        lines.append(line + b"\n")
        last = sequence, digest
    return lines


def test_a_line_is_json_and_its_hash_that_of_the_chain():
    """The same construction as for the operators' trail."""
    line, _, digest = chained(canonical_json({"b": 1, "a": "é"}), (6, "ab" * 32))
    read = json.loads(line)
    assert read == {"a": "é", "b": 1, "sequence": 7, "previous": "ab" * 32, "hash": digest}
    assert digest == record_hash(PREDICTIONS, "ab" * 32, 7, {"a": "é", "b": 1})


def test_the_few_lines_of_the_documents():
    """Anybody can check with a hash function and a JSON reader."""
    previous = GENESIS
    for line in make(20):
        record = json.loads(line)
        sequence, before, digest = (record.pop(key) for key in ("sequence", "previous", "hash"))
        content = json.dumps(record, sort_keys=True, separators=(",", ":"))
        text = f"bellwether/predictions/1\0{before}\0{sequence}\0{content}"
        assert before == previous
        assert sha256(text.encode()).hexdigest() == digest
        previous = digest


def test_an_intact_chain():
    """Counted, with an anchor for the next time."""
    lines = make(10)
    found = verify_lines(lines)
    assert (found.records, found.first, found.broken) == (10, 1, None)
    assert found.last == (10, read_link(lines[-1]).hash)
    assert verify_lines(make(5, found.last), after=found.last).last[0] == 15


UNLINKED = "it does not follow the record before it"
NO_RECORD = "it is not a record: cut short, or not ours"
DEEDS = {
    "edit": (lambda lines: [*lines[:4], lines[4].replace(b'"e4"', b'"x4"'), *lines[5:]], 5, "its content was changed"),
    "delete": (lambda lines: [*lines[:4], *lines[5:]], 6, "record 5 is missing"),
    "swap": (lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]], 6, "record 5 is missing"),
    "double": (lambda lines: [*lines[:5], lines[4], *lines[5:]], 5, "it stands after record 5"),
    "insert": (lambda lines: [*lines[:4], make(1, (4, "0" * 64))[0], *lines[4:]], 5, UNLINKED),
    "append": (lambda lines: [*lines, make(1, (10, "0" * 64))[0]], 11, UNLINKED),
    "rehash": (lambda lines: [*lines[:4], make(1, (4, read_link(lines[3]).hash))[0], *lines[5:]], 6, UNLINKED),
    "foreign": (lambda lines: [*lines[:4], b'{"message": "hello"}\n', *lines[4:]], None, NO_RECORD),
    "cut": (lambda lines: [*lines[:4], lines[4][:-9] + b"\n", *lines[5:]], None, NO_RECORD),
    "empty": (lambda lines: [*lines[:4], b"\n", *lines[4:]], None, NO_RECORD),
}  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS)
def test_deeds_are_named(deed):
    """Edit, deletion, insertion, reordering, forged records: the first that does not fit, and why."""
    do, sequence, reason = DEEDS[deed]
    broken = verify_lines(do(make(10))).broken
    assert (broken.sequence, broken.reason) == (sequence, reason)


def test_the_beginning_cut_off():
    """Retention removes days: the rest is a chain; with the anchor of the seal nothing can be taken unnoticed."""
    lines = make(10)
    anchor = (4, read_link(lines[3]).hash)
    assert verify_lines(lines[4:]).first == 5
    assert verify_lines(lines[4:], after=anchor).broken is None
    assert verify_lines(lines[5:], after=anchor).broken.reason == "record 5 is missing"


def test_the_end_cut_off():
    """Noticed only against an anchor that was kept elsewhere."""
    lines = make(10)
    anchor = (9, read_link(lines[8]).hash)
    assert verify_lines(lines[:8]).broken is None
    assert verify_lines(lines[:8], anchors=[anchor]).broken.reason.endswith("is missing at the end")
    assert verify_lines(lines, anchors=[anchor]).broken is None


def test_a_chain_made_anew():
    """Whoever rewrites everything gives himself away at the anchor."""
    anchor = (5, read_link(make(10)[4]).hash)
    other = make(10, None)
    forged = [chained(b'{"entity":"forged"}', None)[0]]
    last = (1, read_link(forged[0]).hash)
    forged += make(9, last)
    assert verify_lines(other, anchors=[anchor]).broken is None
    assert verify_lines(forged, anchors=[anchor]).broken.reason == "it is not the record that was anchored"


@given(st.data())
def test_any_changed_byte_is_noticed(data):
    """One byte anywhere."""
    lines = make(6)
    text = b"".join(lines)
    place = data.draw(st.integers(0, len(text) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != text[place]))
    changed = text[:place] + bytes([byte]) + text[place + 1 :]
    found = verify_lines(changed.splitlines(keepends=True))
    assert found.broken is not None


def test_speed():
    """A check of 100,000 records: 200,000 a second is the goal, a loaded machine gets a quarter."""
    line = canonical_json({f"key {number}": "some value" for number in range(12)})
    last, lines = None, []
    for _ in range(20_000):
        made, sequence, digest = chained(line, last)
        lines.append(made)
        last = sequence, digest
    started = time.process_time()
    assert verify_lines(lines).records == 20_000
    assert 20_000 / (time.process_time() - started) > 50_000
