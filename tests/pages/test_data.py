import numpy as np
import pyarrow as pa
import pytest

PAGE = "pages/data/data.py"


def box(page, label):
    return next(one for one in page.test.selectbox if one.label == label)


def hand_over(page, name, content):
    page.test.file_uploader[0].upload(name, content)
    page.test.run()
    return page.press("Continue")


def test_a_first_upload_makes_the_model_and_waits_for_a_look(open_page, installation):
    """Nothing is counted before the columns were looked at."""
    page = open_page(PAGE)
    page.test.text_input(key="new-id").input("shop").run()
    hand_over(page, "june.parquet", installation.parquet(installation.table("2026-06-01", 3)))
    assert [model.model_id for model in installation.services.models.list()] == ["shop"]
    assert [one.state for one in installation.services.snapshots.list()] == ["staged"]
    roles = page.test.data_editor[0].value.set_index("Column")["Role"]
    assert roles["id"] == "entity_id"
    assert roles["date"] == "timestamp"


def test_accepting_is_a_job_that_ends_in_a_baseline(open_page, installation):
    """Progress is shown, then the baseline is there and active."""
    ref = installation.model()
    page = hand_over(open_page(PAGE), "june.parquet", installation.parquet(installation.table("2026-06-01", 3)))
    page.press("Accept")
    assert "Taking in an upload" in page.test.progress[0].text
    installation.work()
    assert [one.is_active for one in installation.services.drift.baselines(ref)] == [True]
    page.test.run()
    assert "Done" in page.words()


def test_new_data_lead_to_the_drift(open_page, installation):
    """When a baseline is there, taking in is judging, and the way to the result is shown."""
    ref = installation.model()
    installation.upload(ref, installation.table("2026-06-01", 20), "baseline")
    page = hand_over(open_page(PAGE), "july.parquet", installation.parquet(installation.table("2026-07-01", 3, seed=3)))
    page.press("Accept")
    installation.work()
    page.test.run()
    assert "See the drift" in [link.label for link in page.test.page_link]


def test_a_refused_file_shows_its_reasons_as_a_table(open_page, installation):
    """Column, row, value and what was allowed."""
    ref = installation.model()
    installation.upload(ref, installation.table("2026-06-01", 20), "baseline")
    future = installation.table("2999-01-01", 2)
    page = hand_over(open_page(PAGE), "future.parquet", installation.parquet(future))
    page.press("Accept")
    installation.work()
    page.test.run()
    assert "future" in page.test.error[0].value
    refused = next(one for one in installation.services.snapshots.list(ref) if one.state == "refused")
    box(page, "Look at an upload").select(refused.snapshot_id).run()
    tables = [one.value for one in page.test.dataframe if "Allowed" in one.value.columns]
    assert tables[0]["Column"].iloc[0] == "date"


@pytest.mark.parametrize(
    ("name", "content"), [("x.csv", b""), ("x.parquet", b"PAR1 not really"), ("x.zip", b"PK\x03\x04")]
)
def test_what_cannot_be_read_is_an_error_state_not_a_traceback(open_page, installation, name, content):
    """The page says what, why and what to do."""
    installation.model()
    page = hand_over(open_page(PAGE), name, content)
    assert page.test.error
    assert not page.test.exception


def test_the_same_file_twice_is_recognised(open_page, installation):
    """It is not counted a second time unawares."""
    ref = installation.model()
    table = installation.table("2026-06-01", 3)
    installation.upload(ref, table, "baseline", name="june.parquet")
    page = open_page(PAGE)
    page.test.session_state["purpose-shop 1.0-True"] = "Baseline"
    page.test.run()
    hand_over(page, "june again.parquet", installation.parquet(table))
    said = page.words() + "".join(toast.value for toast in page.test.toast)
    assert "accepted before" in said


def test_discarding_leaves_nothing(open_page, installation):
    """A file that was not wanted is gone from the disk, too."""
    installation.model()
    page = hand_over(open_page(PAGE), "june.parquet", installation.parquet(installation.table("2026-06-01", 3)))
    page.press("Discard")
    assert [one.state for one in installation.services.snapshots.list()] == ["deleted"]
    assert not list((installation.services.settings.data_dir / "staged").iterdir())


@pytest.mark.parametrize("tab", ["Uploads", "Baselines", "Runs and reports", "Jobs"])
def test_every_list_opens_by_address(open_page, installation, tab):
    """Also the lists are deep links."""
    installation.judged()
    page = open_page(PAGE, list=tab)
    assert not page.test.error


def test_a_baseline_can_be_activated(open_page, installation):
    """And the trail knows who did it."""
    ref = installation.model()
    installation.upload(ref, installation.table("2026-06-01", 3), "baseline", name="a.parquet")
    installation.upload(ref, installation.table("2026-06-05", 3, seed=9), "baseline", name="b.parquet")
    open_page(PAGE, list="Baselines").press("Activate 2")
    active = [one.number for one in installation.services.drift.baselines(ref) if one.is_active]
    assert active == [2]
    assert installation.services.trail.list(action="baseline.activate")[0].actor == "page"


def test_a_new_model_without_an_id_is_told_so(open_page, installation):
    """Before anything is stored."""
    page = hand_over(open_page(PAGE), "a.parquet", installation.parquet(installation.table("2026-06-01", 1)))
    assert "the new model needs an id" in page.words()
    assert not installation.services.models.list()


def deliver(page, installation, purpose, table, name):
    page.test.session_state["purpose-shop 1.0-False"] = purpose
    page.test.run()
    hand_over(page, name, installation.parquet(table))
    return page


def predicted(rows=400):
    rng = np.random.default_rng(4)
    labels = rng.choice(["paid", "late"], rows)
    agrees = rng.random(rows) < 0.8
    told = np.where(agrees, labels, np.where(labels == "paid", "late", "paid"))
    days = [str(np.datetime64("2026-06-01") + number % 10) for number in range(rows)]
    return pa.table({"id": [f"c{i}" for i in range(rows)], "date": days, "prediction": told, "label": labels})


def test_predictions_and_labels_are_taken_in_with_what_became_of_them(open_page, installation):
    """Two uploads, joined by id; the list says how many rows were new, waiting and refused."""
    ref = installation.model()
    table = predicted()
    page = deliver(open_page(PAGE), installation, "Predictions", table.drop_columns(["label"]), "said.parquet")
    roles = page.test.data_editor[0].value.set_index("Column")["Role"]
    assert list(roles) == ["entity_id", "timestamp", "prediction"]
    assert not [one for one in page.test.checkbox if one.label == "Keep the rows"]
    page.press("Accept")
    installation.work()
    page.test.run()
    assert "Performance: 400 rows taken in" in page.words()
    assert "See the performance" in [link.label for link in page.test.page_link]

    labels = table.select(["id", "label"]).slice(0, 300)
    labels = pa.concat_tables([labels, pa.table({"id": ["other", None], "label": ["paid", "paid"]})])
    deliver(page, installation, "Labels", labels, "came.parquet").press("Accept")
    installation.work()
    page.test.run()
    assert "301 rows taken in (1 waiting for their prediction), 1 refused" in page.words()
    uploads = next(one.value for one in page.test.dataframe if "For" in one.value.columns).set_index("For")
    assert list(uploads.loc["Labels", ["Rows", "Taken in", "Waiting", "Refused"]]) == [302, 301, 1, 1]
    counts = installation.services.performance.store.series(ref).predictions.sum()
    assert counts == 400


def test_the_positive_word_can_be_chosen(open_page, installation):
    """Where the classes are words, somebody says which one the metrics are about."""
    ref = installation.model()
    page = deliver(open_page(PAGE), installation, "Predictions", predicted(), "said.parquet")
    choice = box(page, "Counts as positive")
    assert choice.options == ["As before", "late", "paid"]
    choice.select("late").run()
    page.press("Accept")
    installation.work()
    (snapshot,) = installation.services.snapshots.list(ref)
    assert snapshot.roles.positive == "late"


def test_a_delivery_with_bad_rows_can_be_refused_whole(open_page, installation):
    """The reasons are listed, and nothing is counted."""
    ref = installation.model()
    table = pa.concat_tables([predicted(), predicted(1).set_column(0, "id", pa.array([None], pa.string()))])
    page = deliver(open_page(PAGE), installation, "Predictions", table, "said.parquet")
    box(page, "When rows are bad").select("Refuse the whole file").run()
    page.press("Accept")
    installation.work()
    page.test.run()
    assert "cannot be accepted" in page.test.error[0].value
    assert installation.services.performance.store.versions(ref.model_id) == ()


def test_deleting_a_delivery_says_what_stays(open_page, installation):
    """What was counted is corrected by a later delivery, not by deleting the file."""
    ref = installation.model()
    page = deliver(open_page(PAGE), installation, "Predictions", predicted(), "said.parquet").press("Accept")
    installation.work()
    page.test.run()
    (snapshot,) = installation.services.snapshots.list(ref)
    box(page, "Look at an upload").select(snapshot.snapshot_id).run()
    assert "stay counted" in page.words()


def test_an_address_may_name_the_purpose(open_page, installation):
    """The performance page leads here for predictions."""
    installation.model()
    page = open_page(PAGE, purpose="Labels")
    assert "What came true" in page.words()
