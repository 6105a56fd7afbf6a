"""`logs`."""

import csv
import io
import json


def written(tmp_path):
    """Write a folder of logs."""
    folder = tmp_path / "logs"
    folder.mkdir()
    with (folder / "app.log").open("w", encoding="utf-8") as file:
        for i in range(10):
            data = {"timestamp": f"2026-11-21T10:00:0{i}Z", "level": "ERROR" if i % 5 == 0 else "INFO"}
            file.write(
                json.dumps({**data, "message": f"request {i} \u202e\x1b[31m", "context": {"ticker": "AB"[i % 2]}})
                + "\n"
            )
    return folder


def test_from_folder_to_answer(cli, tmp_path):
    """Read once, found since."""
    folder = written(tmp_path)
    assert cli("logs", "ingest", folder).out.strip() == "10 new lines"
    assert cli("logs", "ingest", folder, as_json=True).out == {"lines": 0, "problems": {}}
    found = cli("logs", "search", "request level=ERROR", as_json=True).out
    assert (found["count"], found["exact"], len(found["rows"])) == (2, True, 2)
    shown = cli("logs", "search", "request", "--limit", "2", "--from", "2026-11-21")
    assert [line.split()[:4] for line in shown.out.splitlines()] == [
        ["2026-11-21T10:00:08.000Z", "INFO", "request", "8"],
        ["2026-11-21T10:00:09.000Z", "INFO", "request", "9"],
    ]
    assert "\x1b" not in shown.out
    assert "\u202e" not in shown.out
    assert "10 lines" in shown.err


def test_steps_give_tables(cli, tmp_path):
    """Top values and timelines."""
    cli("logs", "ingest", written(tmp_path))
    top = cli("logs", "search", "| top 1 context.ticker", as_json=True).out
    assert (top["values"], top["n_other"]) == ([["A", 5]], 5)
    line = cli("logs", "search", "| timeline 5s by level", as_json=True).out
    assert [(step["INFO"], step["ERROR"]) for step in line["steps"]] == [(4, 1), (4, 1)]
    assert "lines" in cli("logs", "search", "| timeline 5s").out


def test_formats(cli, tmp_path):
    """For files and spreadsheets."""
    cli("logs", "ingest", written(tmp_path))
    rows = list(csv.DictReader(io.StringIO(cli("logs", "search", "level=ERROR", "--format", "csv").out)))
    assert [row["context.ticker"] for row in rows] == ["A", "B"]
    lines = cli("logs", "search", "--format", "ndjson").out.splitlines()
    assert json.loads(lines[0])["level"] == "ERROR"
    assert cli("logs", "search", "--format", "xml").code == 2


def test_what_is_refused(cli, tmp_path):
    """Said with what to write instead."""
    wrong = cli("logs", "search", "levle:x")
    assert wrong.code == 2
    assert "column 1" in wrong.err
    assert "level" in wrong.err
    assert cli("logs", "search", "x", "--from", "soon").code == 2
    assert cli("logs", "ingest").code == 2
    assert "cannot be read" in cli("logs", "ingest", tmp_path / "nowhere").out


def test_reindex(cli, tmp_path):
    """From the files that are there."""
    folder = written(tmp_path)
    cli("logs", "ingest", folder)
    assert cli("logs", "reindex", folder).code == 2
    assert "10 new lines" in cli("logs", "reindex", folder, "--yes").out
    assert cli("logs", "search", as_json=True).out["count"] == 10
