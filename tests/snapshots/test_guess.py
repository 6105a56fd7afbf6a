import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor_core.snapshots.guess import guess, knows
from monitor_core.snapshots.roles import Role, Roles


def roles_of(columns, remembered=None):
    table = pa.table(columns)
    return dict(guess(table.schema, table, remembered=remembered).columns)


@pytest.mark.parametrize("file", ["employment_MA_reference.pq", "employment_MA_analysis.pq"])
def test_the_census_file_is_understood(file, shared_data):
    """Id, year, prediction and probability, and what is predicted where it is given; everything else is a feature."""
    table = pq.read_table(shared_data / file)
    roles = guess(table.schema, table.slice(0, 10_000))
    label = {"employed": "label"} if "reference" in file else {}
    assert {name: role.value for name, role in roles.columns if role is not Role.FEATURE} == label | {
        "id": "entity_id",
        "year": "timestamp",
        "prediction": "prediction",
        "predicted_probability": "score",
    }


@pytest.mark.parametrize(("share", "role"), [(0.05, Role.LABEL), (0.45, Role.FEATURE)])
def test_what_goes_with_the_prediction_is_likely_the_label(share, role):
    """A column of 0 and 1 of an unknown name, wrong on some share of rows."""
    rng = np.random.default_rng(5)
    said = rng.integers(0, 2, 1_000)
    truth = np.where(rng.random(1_000) < share, 1 - said, said)
    columns = {"prediction": said, "paid_back": truth, "is_member": rng.integers(0, 2, 1_000)}
    assert roles_of(columns) == {"prediction": Role.PREDICTION, "paid_back": role, "is_member": Role.FEATURE}


def test_a_label_known_by_name_is_not_doubted():
    """However well another column goes with the prediction."""
    said = [0, 1] * 50
    assert roles_of({"prediction": said, "copy": said, "label": [1, 0] * 50})["copy"] is Role.FEATURE


def test_likely_labels_with_gaps():
    """Rows without a label do not count; too few rows say nothing."""
    said = [0, 1] * 60
    some = [value if place % 2 < 1 or place % 4 == 1 else None for place, value in enumerate(said)]
    assert roles_of({"prediction": said, "late": some})["late"] is Role.LABEL
    assert roles_of({"prediction": said[:40], "late": said[:40]})["late"] is Role.FEATURE


@pytest.mark.parametrize("name", ["timestamp", "event_time", "Date", "createdAt", "scored_at", "ts"])
def test_a_date_column_is_known_by_its_name(name):
    """In any spelling, as text as well."""
    assert roles_of({"x": [1.0, 2.0], name: ["2026-01-01", "2026-01-02"]})[name] is Role.TIMESTAMP


def test_a_better_name_wins_over_another_date():
    """Only one column says when a row is from."""
    moments = pa.array([0, 1], pa.timestamp("s"))
    roles = roles_of({"last_seen": moments, "timestamp": moments})
    assert roles == {"last_seen": Role.FEATURE, "timestamp": Role.TIMESTAMP}


def test_a_date_of_birth_is_a_feature():
    """Not every date says when the row is from."""
    assert roles_of({"birth_date": pa.array([0, 1], pa.timestamp("s"))}) == {"birth_date": Role.FEATURE}


@pytest.mark.parametrize("values", [[1, 2], [31, 40]])
def test_small_numbers_are_no_dates_whatever_the_name(values):
    """A column called day may count days."""
    assert roles_of({"day": values})["day"] is Role.FEATURE


def test_a_score_outside_0_to_1_is_a_feature():
    """Credit scores are features, probabilities are scores."""
    assert roles_of({"score": [640.0, 710.0]})["score"] is Role.FEATURE
    assert roles_of({"score": [0.1, 0.9]})["score"] is Role.SCORE


@pytest.mark.parametrize("name", ["label", "y_true", "target", "ground_truth"])
def test_only_well_known_names_are_labels(name):
    """What a column means cannot be known from its values."""
    assert roles_of({name: [0, 1], "employed": [0, 1]}) == {name: Role.LABEL, "employed": Role.FEATURE}


def test_further_ids_are_ignored_when_nearly_all_values_differ():
    """An order number as a feature would be all unseen values."""
    roles = roles_of({"id": range(100), "order_id": range(100), "region_id": [1, 2] * 50})
    assert roles == {"id": Role.ENTITY_ID, "order_id": Role.IGNORED, "region_id": Role.FEATURE}


def test_text_that_is_all_different_is_an_id():
    """Also without a telling name; measurements are not."""
    roles = roles_of({"x": np.arange(60) * 1.5, "code": [f"k{n}" for n in range(60)]})
    assert roles == {"x": Role.FEATURE, "code": Role.ENTITY_ID}


@pytest.mark.parametrize(("names", "known"), [(["a", "b"], True), (["a", "x"], True), (["a", "x", "y"], False)])
def test_roles_are_only_recalled_for_a_file_of_the_same_kind(names, known):
    """At least half of its columns have been seen before."""
    before = Roles((("a", Role.FEATURE), ("b", Role.SCORE)))
    assert knows(before, pa.schema([(name, pa.float64()) for name in names])) is known


def test_remembered_roles_win():
    """New columns are features, columns that are gone are forgotten."""
    before = Roles((("label", Role.FEATURE), ("gone", Role.SCORE), ("x", Role.IGNORED)), segment="gone")
    table = pa.table({"x": [1], "label": [0], "new": [2], "nested": [[1]]})
    got = guess(table.schema, table, remembered=before)
    assert [role.value for _, role in got.columns] == ["ignored", "feature", "feature", "ignored"]
    assert got.segment is None


def test_no_rows_and_no_values_are_no_obstacle():
    """Names and types still speak."""
    schema = pa.schema([("id", pa.int64()), ("ts", pa.timestamp("us")), ("score", pa.float64()), ("n", pa.null())])
    roles = dict(guess(schema, schema.empty_table()).columns)
    assert list(roles.values()) == [Role.ENTITY_ID, Role.TIMESTAMP, Role.SCORE, Role.FEATURE]


def test_the_date_of_a_label_is_not_the_date_of_the_row():
    """Both are found by name; so is the version of the model."""
    rows = pa.table(
        {
            "id": [1, 2],
            "labelled_at": ["2026-11-20", "2026-11-21"],
            "event_date": ["2026-11-01", "2026-11-02"],
            "model_version": ["1.0", "1.1"],
            "version": ["web", "app"],
        }
    )
    found = dict(guess(rows.schema, rows).columns)
    assert [found[name].value for name in rows.schema.names] == [
        "entity_id",
        "label_date",
        "timestamp",
        "version",
        "feature",
    ]
