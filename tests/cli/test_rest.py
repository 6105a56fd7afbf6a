"""`jobs`, `db`, `audit`, `example`, `doctor`."""

import socket

import pytest


class TestJobs:
    """Long work."""

    def test_a_failed_job_shows_why_and_can_be_retried(self, cli, table_file):
        """Current data without a baseline wait for one."""
        cli("models", "add", "churn")
        failed = cli("snapshots", "upload", "churn", table_file("now.parquet", days=2))
        assert failed.code == 2
        assert "baseline" in failed.err
        job = cli("jobs", "list", "--state", "failed", as_json=True).out[0]
        assert "error:" in cli("jobs", "show", job["job_id"]).out
        cli("snapshots", "upload", "churn", "--baseline", table_file("base.parquet", days=3, seed=9))
        assert cli("jobs", "retry", job["job_id"]).code == 0
        assert cli("jobs", "show", job["job_id"], as_json=True).out["state"] == "done"

    def test_a_waiting_job_can_be_cancelled(self, cli, table_file):
        """And waiting for it then says so."""
        cli("models", "add", "churn")
        made = cli(
            "snapshots", "upload", "churn", "--baseline", "--no-wait", table_file("a.parquet", days=2), as_json=True
        )
        job_id = made.out[0]["job_id"]
        assert "is cancelled" in cli("jobs", "cancel", job_id).out
        assert cli("jobs", "cancel", job_id).code == 2
        assert cli("jobs", "wait", job_id).code == 130

    def test_jobs_of_one_model(self, cli, installation):
        """Only its own."""
        assert len(cli("jobs", "list", "--model", "churn:1", data_dir=installation, as_json=True).out) >= 2
        assert cli("jobs", "list", "--model", "nope", data_dir=installation).code == 2


class TestAudit:
    """The trail."""

    def test_who_did_what(self, cli, installation):
        """Newest first, by action."""
        records = cli("audit", "list", "--action", "model.", data_dir=installation, as_json=True).out
        assert [record["action"] for record in records] == ["model.add"]
        assert records[0]["actor"]

    def test_it_is_intact(self, cli, installation):
        """0; 1 when it is not (`tests/storage/test_trail.py` breaks it)."""
        assert cli("audit", "verify", data_dir=installation, as_json=True).out == {"intact": True, "break": None}


class TestDoctor:
    """What is there and what is not."""

    def test_a_fresh_folder_is_fine(self, cli, monkeypatch):
        """Nothing is made by looking."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        monkeypatch.setenv("MONITOR_PORT", str(port))
        found = cli("doctor", as_json=True)
        assert found.code == 0
        assert {check["name"]: check["state"] for check in found.out["checks"]}["database"] == "note"

    def test_a_database_that_is_down_exits_with_3(self, cli, monkeypatch):
        """And its password is not shown."""
        monkeypatch.setenv("MONITOR_DATABASE_URL", "postgresql://ann:s3cret@127.0.0.1:1/none")
        found = cli("doctor")
        assert found.code == 3
        assert "s3cret" not in found.out + found.err
        assert "ann:***@" in found.out
        other = cli("models", "list")
        assert other.code == 3
        assert "s3cret" not in other.err

    def test_a_taken_port_is_told(self, cli, monkeypatch):
        """With a way out."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            monkeypatch.setenv("MONITOR_PORT", str(taken.getsockname()[1]))
            found = cli("doctor")
        assert found.code == 3
        assert "--port" in found.out

    def test_an_installation(self, cli, installation):
        """Database, schema, disk."""
        checks = cli("doctor", data_dir=installation, as_json=True).out["checks"]
        states = {check["name"]: check["state"] for check in checks}
        assert (states["database"], states["schema"], states["disk"]) == ("fine", "fine", "fine")


class TestExample:
    """A made-up model."""

    def test_loaded_found_removed(self, cli):
        """The known changes are what the run finds; afterwards nothing is left."""
        assert cli("example", "load").code == 0
        shown = cli("drift", "show", "example", as_json=True).out
        drifted = {item["name"] for item in shown["granule"]["features"] if item["state"] == "drifted"}
        assert {"monthly_spend", "session_minutes", "acquisition_channel"} <= drifted
        assert len(drifted) <= 4
        assert cli("example", "load").code == 0
        assert len(cli("snapshots", "list", "example", as_json=True).out) == 6
        assert cli("example", "remove", as_json=True).out == {"removed": True}
        assert cli("models", "list", as_json=True).out == []
        assert "no example" in cli("example", "remove").out


class TestDatabase:
    """`db`."""

    def test_upgrading_and_pruning(self, cli):
        """Both may be done at any time."""
        assert cli("db", "upgrade").code == 0
        assert cli("db", "prune", as_json=True).out["jobs"] == 0

    def test_a_backup_brings_everything_back(self, cli, installation, tmp_path):
        """Into an empty folder; a second time only by force."""
        file, other = tmp_path / "all.backup", tmp_path / "other"
        assert cli("db", "backup", file, data_dir=installation).code == 0
        assert cli("db", "backup", file, data_dir=installation).code == 2
        assert cli("db", "restore", file, data_dir=other, as_json=True).out["rows"] > 10
        assert cli("db", "restore", file, data_dir=other).code == 2
        assert cli("db", "restore", file, "--force", data_dir=other).code == 0
        before, after = (cli("drift", "show", "churn", data_dir=folder).out for folder in (installation, other))
        assert before == after
        assert cli("drift", "run", "churn", data_dir=other).code == 0


@pytest.mark.parametrize("words", [["--nope"], ["models", "nope"], ["drift", "run"], ["jobs", "list", "--limit", "x"]])
def test_bad_usage(cli, words):
    """2, in a few lines."""
    wrong = cli(*words)
    assert wrong.code == 2
    assert "Traceback" not in wrong.err


def test_an_unknown_setting_is_bad_usage(cli, monkeypatch):
    """With the nearest known one."""
    monkeypatch.setenv("MONITOR_PROT", "1")
    wrong = cli("models", "list")
    assert wrong.code == 2
    assert "MONITOR_PORT" in wrong.err
