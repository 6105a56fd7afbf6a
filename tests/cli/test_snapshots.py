"""`snapshots`: uploaded without a running app."""

import pyarrow as pa
import pyarrow.parquet as pq


def test_a_baseline_then_current_data(cli, table_file):
    """Counted here and now, and judged."""
    cli("models", "add", "churn")
    base = cli("snapshots", "upload", "churn", "--baseline", table_file("base.parquet", days=10), as_json=True)
    assert (base.code, base.out[0]["rows"]) == (0, 3000)
    assert base.out[0]["baseline_id"]
    now = cli(
        *("snapshots", "upload", "churn"),
        table_file("a.parquet", days=2, first="2026-02-01"),
        table_file("b.parquet", days=2, first="2026-02-03", seed=4),
        as_json=True,
    )
    assert now.code == 0
    assert [item["rows"] for item in now.out] == [600, 600]
    assert all(item["run_id"] for item in now.out)
    listed = cli("snapshots", "list", "churn", as_json=True).out
    assert [item["state"] for item in listed] == ["ready"] * 3


def test_several_files_make_one_baseline(cli, table_file):
    """As one table."""
    cli("models", "add", "churn")
    files = [table_file("a.parquet", days=2), table_file("b.parquet", days=2, first="2026-01-03", seed=3)]
    result = cli("snapshots", "upload", "churn", "--baseline", *files, as_json=True)
    assert (result.code, len(result.out), result.out[0]["rows"]) == (0, 1, 1200)


def test_the_same_file_twice_is_recognised(cli, installation):
    """Nothing is added."""
    again = cli(
        "snapshots", "upload", "churn", installation.parent / "now.parquet", data_dir=installation, as_json=True
    )
    assert (again.code, again.out[0]["duplicate"]) == (0, True)


def test_a_refused_file_exits_with_2_and_says_why(cli, table_file, tmp_path):
    """Every reason, no traceback."""
    cli("models", "add", "churn")
    cli("snapshots", "upload", "churn", "--baseline", table_file("base.parquet", days=3))
    pq.write_table(pa.table({"other": [1, 2, 3]}), tmp_path / "wrong.parquet")
    refused = cli("snapshots", "upload", "churn", tmp_path / "wrong.parquet")
    assert refused.code == 2
    assert "error:" in refused.err
    assert "Traceback" not in refused.err
    assert cli("snapshots", "list", "churn", as_json=True).out[0]["state"] == "refused"


def test_check_touches_nothing(cli, table_file, tmp_path):
    """A dry run, without a database; 2 when it would be refused."""
    fine = cli("snapshots", "check", table_file("a.parquet", days=2), as_json=True)
    assert (fine.code, fine.out["accepted"], fine.out["rows"]) == (0, True, 600)
    (tmp_path / "broken.csv").write_text("")
    assert cli("snapshots", "check", tmp_path / "broken.csv").code == 2
    assert not (tmp_path / "data").exists()


def test_roles_can_be_given(cli, table_file):
    """Options win over what is guessed; an unknown column is told."""
    file = table_file("a.parquet", days=2)
    checked = cli("snapshots", "check", file, "--date", "2026-03-01", "--ignore", "plan", as_json=True)
    roles = dict(checked.out["roles"]["columns"])
    assert (roles["when"], roles["plan"], roles["age"]) == ("ignored", "ignored", "feature")
    assert checked.out["roles"]["fixed_date"] == "2026-03-01"
    wrong = cli("snapshots", "check", file, "--score", "aeg")
    assert wrong.code == 2
    assert "did you mean 'age'" in wrong.err


def test_showing_and_deleting(cli, table_file):
    """A deleted upload stays in the list, marked."""
    cli("models", "add", "churn")
    made = cli("snapshots", "upload", "churn", "--baseline", table_file("a.parquet", days=2), as_json=True).out[0]
    assert "n_rows" in cli("snapshots", "show", made["snapshot_id"]).out
    assert cli("snapshots", "delete", made["snapshot_id"], "--yes").code == 0
    assert cli("snapshots", "show", made["snapshot_id"], as_json=True).out["state"] == "deleted"


def test_without_waiting_the_job_stays(cli, table_file):
    """Until a worker, or `jobs wait`, does it."""
    cli("models", "add", "churn")
    made = cli(
        "snapshots", "upload", "churn", "--baseline", "--no-wait", table_file("a.parquet", days=2), as_json=True
    ).out[0]
    assert cli("jobs", "show", made["job_id"], as_json=True).out["state"] == "queued"
    assert cli("jobs", "wait", made["job_id"]).code == 0
    assert cli("snapshots", "show", made["snapshot_id"], as_json=True).out["state"] == "ready"
