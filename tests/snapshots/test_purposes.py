"""What an upload is for, and which columns that needs."""

import pyarrow as pa
import pytest

from monitor_core.snapshots.guess import guess
from monitor_core.snapshots.purposes import PURPOSES, fitted, lacking
from monitor_core.snapshots.roles import Role, Roles

SAMPLE = pa.table({"id": [7, 8, 9], "day": ["a"] * 3, "age": [31, 54, 20], "score": [0.1, 0.2, 0.3], "won": [0, 1, 0]})
ROLES = Roles(
    tuple(
        zip(SAMPLE.column_names, (Role.ENTITY_ID, Role.TIMESTAMP, Role.FEATURE, Role.SCORE, Role.LABEL), strict=True)
    ),
    segment="age",
)


def has(roles):
    return [role.value for _, role in roles.columns]


class TestFitted:
    """Roles without what a purpose has no use for."""

    @pytest.mark.parametrize("purpose", ["baseline", "current"])
    def test_features_are_compared_as_proposed(self, purpose):
        """Nothing changes."""
        assert fitted(ROLES, SAMPLE, purpose) == ROLES

    def test_predictions_leave_features_out(self):
        """What was said, and what came true where it is known already; a segment may stay."""
        found = fitted(ROLES, SAMPLE, "predictions")
        assert has(found) == ["entity_id", "timestamp", "ignored", "score", "label"]
        assert found.segment == "age"

    def test_labels_leave_scores_out(self):
        """What came true, nothing else."""
        found = fitted(ROLES, SAMPLE, "labels")
        assert has(found) == ["entity_id", "timestamp", "ignored", "ignored", "label"]
        assert found.segment is None

    def test_the_only_column_that_could_be_the_label_is(self):
        """As the targets of the census: an id and one column of 0 and 1."""
        table = pa.table({"id": [7, 8, 9], "employed": [0, 1, 1]})
        assert has(fitted(guess(table.schema, table), table, "labels")) == ["entity_id", "label"]

    def test_of_two_that_could_be_none_is_chosen(self):
        """Nobody guesses about the truth."""
        table = pa.table({"id": [1, 2, 3], "a": [0, 1, 1], "b": [1, 1, 0]})
        proposed = Roles((("id", Role.ENTITY_ID), ("a", Role.FEATURE), ("b", Role.FEATURE)))
        assert "label" not in has(fitted(proposed, table, "labels"))

    def test_a_number_with_many_values_is_no_label(self):
        """An age is not what came true."""
        table = pa.table({"id": [7, 8, 9], "age": [31.5, 54.0, 20.0]})
        assert "label" not in has(fitted(guess(table.schema, table), table, "labels"))

    def test_the_name_that_the_model_uses_wins(self):
        """The label of the baseline's file, whatever else is there."""
        table = pa.table({"id": [1, 2, 3], "a": [0, 1, 1], "won": [1, 1, 0]})
        proposed = Roles((("id", Role.ENTITY_ID), ("a", Role.FEATURE), ("won", Role.FEATURE)))
        assert has(fitted(proposed, table, "labels", remembered=ROLES)) == ["entity_id", "ignored", "label"]


class TestLacking:
    """What is missing, in words."""

    @pytest.mark.parametrize("purpose", PURPOSES)
    def test_complete_roles_lack_nothing(self, purpose):
        """An id, a date, a feature, a score and a label serve every purpose."""
        assert list(lacking(ROLES, purpose, needs_date=True)) == []

    @pytest.mark.parametrize(
        ("purpose", "words"),
        [
            ("baseline", ["monitored"]),
            ("current", ["monitored", "from"]),
            ("predictions", ["entity", "prediction", "from"]),
            ("labels", ["entity", "label"]),
        ],
    )
    def test_every_lack_is_named(self, purpose, words):
        """Labels may come without a date: they are joined by the id."""
        nothing = Roles((("x", Role.IGNORED),))
        said = list(lacking(nothing, purpose, needs_date=True))
        assert len(said) == len(words)
        assert all(word in sentence for word, sentence in zip(words, said, strict=True))

    def test_a_model_by_rows_needs_no_date(self):
        """Its granules are counted, not dated."""
        roles = Roles((("id", Role.ENTITY_ID), ("s", Role.SCORE)))
        assert list(lacking(roles, "predictions", needs_date=False)) == []
