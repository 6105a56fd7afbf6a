from pathlib import Path

import pytest
import typer

from monitor_core.cli import build
from monitor_core.settings import Settings
from monitor_core.ui.lines import cli_lines, http_lines
from monitor_core.values import ModelRef


@pytest.mark.parametrize("line", cli_lines().splitlines())
def test_every_command_shown_exists(line, tmp_path, monkeypatch):
    """What a page tells people to type is accepted by the command line's own parser."""
    monkeypatch.chdir(tmp_path)
    for name in ("training.parquet", "production.parquet", "predictions.parquet", "labels.csv"):
        Path(name).touch()
    program, group, command, *rest = line.split()
    assert program == "bellwether"
    found = typer.main.get_command(build()).commands[group].commands[command]
    found.make_context(command, rest)


def test_the_token_is_named_but_not_shown(tmp_path):
    """The page is read by more people than the data folder."""
    (tmp_path / "token").write_text("secret")
    lines = http_lines(Settings(data_dir=tmp_path), ModelRef("shop", "2.0"))
    assert "secret" not in lines
    assert f"$(cat {tmp_path / 'token'})" in lines
    assert "/api/v1/models/shop/versions/2.0/snapshots?purpose=baseline" in lines
