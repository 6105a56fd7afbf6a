"""The chain itself, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.audit import GENESIS, canonical_json, link, record_hash, verify
from monitor_core.audit.chain import plain
from monitor_core.errors import InvalidInput

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def chain(length):
    records, last = [], None
    for number in range(length):
        made = link("demo", last, at=AT, actor="ann", action="a.b", subject=f"c{number}", detail={"n": number})
        records.append(made)
        last = (made.sequence, made.hash)
    return records


class TestHash:
    """What goes into it."""

    def test_by_hand(self):
        """Four parts, joined by NUL."""
        expected = sha256(b"demo\0" + GENESIS.encode() + b"\0" + b'1\0{"a":1}').hexdigest()
        assert record_hash("demo", GENESIS, 1, {"a": 1}) == expected

    def test_the_domain_separates_trails(self):
        """The same record in another trail has another hash."""
        assert record_hash("one", GENESIS, 1, {}) != record_hash("two", GENESIS, 1, {})

    def test_the_moment_is_hashed_in_utc(self):
        """Time zones are a way of writing."""
        other = AT.astimezone(timezone(timedelta(hours=5)))
        parts = {"actor": "a", "action": "b", "subject": "c", "detail": {}}
        assert link("demo", None, at=AT, **parts).hash == link("demo", None, at=other, **parts).hash


class TestCanonicalJson:
    """One text for one value."""

    @given(st.dictionaries(st.text(), st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False)))
    def test_the_order_of_keys_does_not_matter(self, value):
        """Sorted on the way out."""
        assert canonical_json(value) == canonical_json(dict(reversed(value.items())))

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object(), b"x"])
    def test_what_json_does_not_know_is_refused(self, value):
        """Rather than written in some way of its own."""
        with pytest.raises(InvalidInput, match="audit trail cannot hold"):
            canonical_json({"value": value})


class TestPlain:
    """Making values fit."""

    def test_enumerations_become_their_value(self):
        """Of whatever type that is."""
        assert type(plain(StrEnum("Colour", {"RED": "red"}).RED)) is str

    @pytest.mark.parametrize("value", [{1}, b"x", object()])
    def test_other_types_are_refused(self, value):
        """By name."""
        with pytest.raises(InvalidInput, match=type(value).__name__):
            plain([value])

    @given(st.text())
    def test_text_can_be_stored_anywhere(self, text):
        """No NUL, no half of a surrogate pair."""
        made = plain(text)
        assert "\0" not in made
        assert made.encode("utf-8").decode("utf-8") == made


class TestVerify:
    """Any change is found at the first record it touches."""

    def test_an_untouched_chain_holds(self):
        """Of any length, from the start or from an anchor."""
        records = chain(5)
        assert verify([], domain="demo") is None
        assert verify(records, domain="demo") is None
        assert verify(records[3:], domain="demo", after=(3, records[2].hash)) is None

    @pytest.mark.parametrize(
        "change",
        [
            {"actor": "eve"},
            {"action": "x"},
            {"subject": "x"},
            {"detail": {"n": 9}},
            {"at": AT + timedelta(microseconds=1)},
            {"hash": "0" * 64},
        ],
    )
    def test_every_part_is_covered(self, change):
        """Whatever is edited, the record is named."""
        records = chain(5)
        records[2] = replace(records[2], **change)
        assert verify(records, domain="demo").sequence == 3

    def test_removed_and_swapped_records(self):
        """The gap and the swap are named."""
        records = chain(4)
        assert verify(records[:1] + records[2:], domain="demo").reason == "record 2 is missing"
        assert verify([records[0], records[2], records[1]], domain="demo").sequence == 3

    def test_a_rebuilt_end_does_not_follow(self):
        """A forged record with a fitting hash still breaks the next link."""
        records = chain(4)
        forged = link("demo", (1, records[0].hash), at=AT, actor="eve", action="a.b", subject="c1", detail={})
        broken = verify([records[0], forged, *records[2:]], domain="demo")
        assert (broken.sequence, broken.reason) == (3, "it does not follow the record before it")

    def test_another_domain_does_not_hold(self):
        """A trail cannot be passed off as another."""
        assert verify(chain(1), domain="other").sequence == 1
