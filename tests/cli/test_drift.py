"""`drift` and `baselines`."""

import json

import pytest


class TestRun:
    """Judging what is stored."""

    def test_it_says_what_it_found(self, cli, installation):
        """The shifted feature first."""
        run = cli("drift", "run", "churn", data_dir=installation)
        assert run.code == 0
        assert "verdict   drifted" in run.out
        assert run.out.split("\n\n")[1].splitlines()[1].startswith("age")

    @pytest.mark.parametrize(("level", "code"), [("low", 1), ("critical", 1)])
    def test_fail_on_serves_a_pipeline(self, cli, installation, level, code):
        """1 when drift is at least this severe."""
        assert cli("drift", "run", "churn", "--fail-on", level, data_dir=installation).code == code

    def test_a_threshold_for_one_run(self, cli, installation):
        """With a bound beyond reach there is no finding."""
        calm = ("--set", "min_debiased_psi=9", "--set", "uncalibrated_psi=90")
        run = cli("drift", "run", "churn", *calm, "--fail-on", "high", data_dir=installation)
        assert run.code == 0
        assert cli("drift", "run", "churn", "--set", "nope=1", data_dir=installation).code == 2

    def test_a_range(self, cli, installation):
        """An open end is the first or last there is."""
        run = cli("drift", "run", "churn", "--from", "2026-02-04", data_dir=installation, as_json=True)
        assert (run.out["first_granule"], run.out["last_granule"]) == ("2026-02-04", "2026-02-05")

    def test_an_unknown_model(self, cli, installation):
        """2, as for all that the caller can mend."""
        assert cli("drift", "run", "nope", data_dir=installation).code == 2
        assert cli("drift", "run", "churn", "--fail-on", "dreadful", data_dir=installation).code == 2


class TestReading:
    """Runs and reports."""

    def test_the_latest_run_is_found_by_model(self, cli, installation):
        """Or any by its id."""
        runs = cli("drift", "list", "churn", data_dir=installation, as_json=True).out
        latest = cli("drift", "show", "churn", data_dir=installation, as_json=True).out
        assert latest["run"]["run_id"] == runs[0]["run_id"]
        first = cli("drift", "show", runs[-1]["run_id"], "--granule", "2026-02-02", data_dir=installation, as_json=True)
        assert first.out["granule"]["granule"] == "2026-02-02"
        assert cli("drift", "show", "nope", data_dir=installation).code == 2

    @pytest.mark.parametrize("form", ["text", "markdown", "csv", "json", "html"])
    def test_reports(self, cli, installation, tmp_path, form):
        """The same bytes on stdout and in a file, and whenever they are asked for."""
        printed = cli("drift", "report", "churn", "--format", form, data_dir=installation)
        assert cli("drift", "report", "churn", "--format", form, "-o", tmp_path / "r", data_dir=installation).code == 0
        assert (tmp_path / "r").read_text(encoding="utf-8") == printed.out
        assert "age" in printed.out

    def test_an_unknown_format(self, cli, installation):
        """Names those there are."""
        wrong = cli("drift", "report", "churn", "--format", "pdf", data_dir=installation)
        assert wrong.code == 2
        assert "html" in wrong.err

    def test_a_report_can_fail_a_pipeline(self, cli, installation):
        """After writing it; the run is a new one, with the model's own thresholds."""
        assert cli("drift", "run", "churn", data_dir=installation).code == 0
        report = cli("drift", "report", "churn", "--fail-on", "high", data_dir=installation)
        assert report.code == 1
        assert "age" in report.out


class TestCompare:
    """Two files, no database."""

    def test_it_finds_what_moved(self, cli, table_file, tmp_path):
        """And makes no data folder."""
        base, now = table_file("base.parquet", days=5), table_file("now.parquet", days=3, shift=1.0, seed=5)
        found = cli("drift", "compare", base, now, as_json=True)
        assert (found.code, found.out["verdict"], found.out["features"]["age"]["verdict"]) == (0, "drifted", "drifted")
        assert cli("drift", "compare", base, now, "--fail-on", "high").code == 1
        assert not (tmp_path / "data").exists()

    def test_nothing_moved(self, cli, table_file):
        """0 even with the lowest bar."""
        base, now = table_file("base.parquet", days=5), table_file("now.parquet", days=3, seed=5)
        assert cli("drift", "compare", base, now, "--fail-on", "moderate").code == 0

    def test_files_that_are_no_tables(self, cli, table_file, tmp_path):
        """A clear refusal."""
        (tmp_path / "x.parquet").write_bytes(b"PAR1 but not really")
        wrong = cli("drift", "compare", table_file("base.parquet", days=2), tmp_path / "x.parquet")
        assert wrong.code == 2
        assert "Traceback" not in wrong.err


def test_baselines(cli, table_file):
    """Listed, made of a range, activated, deleted."""
    cli("models", "add", "churn")
    cli("snapshots", "upload", "churn", "--baseline", table_file("base.parquet", days=5))
    cli("snapshots", "upload", "churn", table_file("now.parquet", days=5, first="2026-02-01", seed=2))
    made = cli("baselines", "create", "churn", "2026-02-01", "2026-02-03", as_json=True)
    assert made.code == 0
    assert cli("baselines", "activate", made.out["baseline_id"]).code == 0
    listed = cli("baselines", "list", "churn", as_json=True).out
    assert [(item["number"], item["is_active"]) for item in listed] == [(2, True), (1, False)]
    assert cli("baselines", "delete", listed[1]["baseline_id"], "--yes").code == 0
    assert cli("baselines", "create", "churn", "2026-02-03", "2026-02-01").code == 2
    assert cli("baselines", "create", "churn", "2026-02-01", "2026-02-03", "--kind", "odd").code == 2


def test_help_is_plain(cli):
    """No boxes, no colours."""
    out = cli("drift", "--help").out
    assert "compare" in out
    assert not set(out) & set("│╭╰\x1b")
    assert json.dumps(out).isascii()
