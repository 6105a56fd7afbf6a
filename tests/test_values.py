"""Severity, model references, windows and granules."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.values import Granularity, GranularityKind, ModelRef, Severity, Window, takes_old_entity_name

MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive by Hypothesis' signature
CALENDAR = [kind for kind in GranularityKind if kind is not GranularityKind.ROWS]


class TestSeverity:
    def test_order_is_none_to_critical(self):
        """Severities sort by how much they matter, not by their spelling."""
        assert sorted(Severity, reverse=True) == [
            Severity.CRITICAL,
            Severity.HIGH,
            Severity.MODERATE,
            Severity.LOW,
            Severity.NONE,
        ]

    def test_comparison_with_plain_text_is_refused(self):
        """A typing slip such as comparing with 'high' fails loudly."""
        with pytest.raises(TypeError):
            _ = Severity.HIGH < 3


class TestModelRef:
    @pytest.mark.parametrize("model_id", ["", "Churn", "a b", "../x", "a" * 64, "-a", "é"])
    def test_bad_model_id_is_named(self, model_id):
        """The error shows the offending id."""
        with pytest.raises(InvalidInput, match="model id"):
            ModelRef(model_id, "1")

    @pytest.mark.parametrize("version", ["", " 1", "1/2", "v" * 64])
    def test_bad_version_is_named(self, version):
        """The error shows the offending version."""
        with pytest.raises(InvalidInput, match="model version"):
            ModelRef("churn", version)


class TestWindow:
    def test_naive_bound_is_refused(self):
        """A moment without a timezone could mean anything."""
        with pytest.raises(InvalidInput, match="no timezone"):
            Window(datetime(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC))  # noqa: DTZ001 - the case under test

    def test_empty_window_is_refused(self):
        """The end lies after the start."""
        start = datetime(2026, 1, 1, tzinfo=UTC)
        with pytest.raises(InvalidInput, match="not after"):
            Window(start, start)


class TestGranularity:
    @given(moment=MOMENTS, kind=st.sampled_from(CALENDAR))
    def test_label_names_the_interval_that_holds_the_moment(self, moment, kind):
        """A moment lies in the window of its own label."""
        granularity = Granularity(kind)
        window = granularity.window(granularity.label(moment))
        assert window.start <= moment < window.end

    @given(first=MOMENTS, second=MOMENTS, kind=st.sampled_from(CALENDAR))
    def test_labels_sort_in_time_order(self, first, second, kind):
        """Text order of labels is time order."""
        early, late = sorted([first, second])
        granularity = Granularity(kind)
        assert granularity.label(early) <= granularity.label(late)

    @pytest.mark.parametrize("text", ["hour", "day", "week", "month", "year", "rows:5000"])
    def test_text_form_round_trips(self, text):
        """What is printed can be read again."""
        assert str(Granularity.parse(text)) == text

    @pytest.mark.parametrize("text", ["", "fortnight", "rows", "rows:0", "rows:ten", "day:3"])
    def test_unknown_text_is_refused(self, text):
        """The error lists or implies what is allowed."""
        with pytest.raises(InvalidInput, match="granularity"):
            Granularity.parse(text)

    def test_labels_are_in_utc(self):
        """The viewer's zone never moves a row into another day."""
        moment = datetime(2026, 11, 21, 1, tzinfo=timezone(timedelta(hours=5)))
        assert Granularity.parse("day").label(moment) == "2026-11-20"

    def test_rows_have_no_calendar_interval(self):
        """Blocks of rows are counted, not dated."""
        with pytest.raises(InvalidInput, match="no calendar interval"):
            Granularity.parse("rows:500").window("#00000001")

    def test_label_of_another_kind_is_refused(self):
        """'2026' is not a day."""
        with pytest.raises(InvalidInput, match="not the label of a day"):
            Granularity.parse("day").window("2026")

    def test_word_for_a_granule(self):
        """Pages say 'day' or 'block'."""
        assert [Granularity.parse(text).word for text in ("day", "rows:500")] == ["day", "block"]


class TestOldEntityName:
    @staticmethod
    @takes_old_entity_name
    def name(entity_id, date="today"):
        return entity_id, date

    def test_either_name(self):
        """By place, by the new name and by the old one."""
        assert self.name("a") == self.name(entity_id="a") == self.name(bse_code="a") == ("a", "today")
        assert self.name(date="now", bse_code="a") == ("a", "now")

    def test_not_both(self):
        """Two values for one thing are a mistake."""
        with pytest.raises(InvalidInput, match="bse_code"):
            self.name(entity_id="a", bse_code="b")
