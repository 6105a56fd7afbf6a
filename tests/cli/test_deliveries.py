"""`predictions` and `labels`: what the model said and what came true, without a running app."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS = 400


@pytest.fixture
def said(tmp_path):
    """Predictions of two days."""
    rng = np.random.default_rng(3)
    days = np.repeat(np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[s]"), ROWS // 2)
    score = rng.random(ROWS)
    table = pa.table({"id": np.arange(ROWS), "when": pa.array(days), "score": score, "age": rng.normal(size=ROWS)})
    pq.write_table(table, tmp_path / "said.parquet")
    return tmp_path / "said.parquet"


@pytest.fixture
def came(tmp_path):
    """Labels of most of them, without a date; one is not binary and one belongs to nobody."""

    def make(name="came.csv", flip=0):
        labels = [f"{row},{int(row % 3 == 0) ^ int(row < flip)}" for row in range(ROWS - 50)]
        (tmp_path / name).write_text("\n".join(["id,churned", *labels, "398,maybe", "9999,1"]) + "\n")
        return tmp_path / name

    return make


@pytest.fixture
def model(cli, said):
    cli("models", "add", "churn")
    return cli("predictions", "upload", "churn", said, "--entity", "id", as_json=True)


def test_predictions_are_taken_in(model):
    """Rows, and what they are; features are nobody's business here."""
    assert model.code == 0
    (one,) = model.out
    assert (one["kind"], one["n_rows"], one["n_accepted"]) == ("predictions", ROWS, ROWS)


def test_labels_join_by_id_alone(cli, model, came):
    """Bad rows are named and kept out, the orphan waits for its prediction."""
    done = cli("labels", "upload", "churn", came(), as_json=True)
    assert done.code == 0, done.err
    (one,) = done.out
    assert (one["n_accepted"], one["n_refused"], one["n_orphans"]) == (ROWS - 49, 1, 1)
    assert any("maybe" in message for message in one["findings"])


def test_or_the_whole_is_refused(cli, model, came):
    """As the user chose: nothing is taken in."""
    done = cli("labels", "upload", "churn", came(), "--on-bad", "refuse")
    assert done.code == 2
    assert "maybe" in done.err
    listed = cli("labels", "list", "churn", as_json=True)
    assert listed.out == []


def test_corrections_are_counted(cli, model, came):
    """A second answer replaces the first."""
    cli("labels", "upload", "churn", came())
    (one,) = cli("labels", "upload", "churn", came("again.csv", flip=7), as_json=True).out
    assert one["n_corrections"] == 7
    shown = cli("labels", "show", one["batch_id"], as_json=True).out
    assert shown["n_corrections"] == 7
    assert shown["effect"]


def test_labels_may_come_first(cli, said, came):
    """They wait, and that they found their predictions is said."""
    cli("models", "add", "churn")
    assert "with a label for no prediction so far" in cli("labels", "upload", "churn", came()).out
    done = cli("predictions", "upload", "churn", said, "--entity", "id")
    assert f"{ROWS - 50} labels that waited found their prediction" in done.out


def test_the_same_file_twice_adds_nothing(cli, model, said):
    """It is recognised by its content."""
    again = cli("predictions", "upload", "churn", said, as_json=True)
    assert (again.code, again.out[0]["duplicate"]) == (0, True)


def test_a_file_without_labels_is_refused_with_its_reason(cli, model, said):
    """Which role is missing."""
    done = cli("labels", "upload", "churn", said, "--entity", "id")
    assert done.code == 2
    assert "no column is the label" in done.err


def test_deliveries_are_listed_by_what_they_hold(cli, model, came):
    """Labels are not predictions."""
    cli("labels", "upload", "churn", came())
    assert [one["kind"] for one in cli("predictions", "list", "churn", as_json=True).out] == ["predictions"]
    assert [one["kind"] for one in cli("labels", "list", "churn", as_json=True).out] == ["labels"]
    assert "delivery" in cli("labels", "list", "churn").out


def test_a_file_with_versions_and_words(cli, tmp_path):
    """The column of the version and the positive word are told."""
    cli("models", "add", "loans")
    cli("models", "add-version", "loans:2")
    rows = [f"{row},{'good' if row % 2 else 'bad'},{1 + row % 2}" for row in range(200)]
    (tmp_path / "said.csv").write_text("\n".join(["id,said,by", *rows]) + "\n")
    words = ("--entity", "id", "--prediction", "said", "--date", "2026-01-01", "--positive", "bad")
    done = cli(
        "predictions", "upload", "loans:1", tmp_path / "said.csv", *words, "--version-column", "by", as_json=True
    )
    assert done.code == 0, done.err
    shown = cli("labels", "show", done.out[0]["batch_id"], as_json=True).out
    assert shown["effect"]["words"] == ["good", "bad"]
    (tmp_path / "came.csv").write_text("id,came\n" + "\n".join(f"{row},bad" for row in range(200)) + "\n")
    words = ("--entity", "id", "--label", "came", "--positive", "bad")
    assert cli("labels", "upload", "loans", tmp_path / "came.csv", *words, as_json=True).out[0]["n_accepted"] == 200
    found = cli("performance", "show", "loans:2", "--json").out
    assert '"false_negatives": 100' in found
