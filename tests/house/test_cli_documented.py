"""Every command and option stands in the documentation, and nothing else does."""

import re

import pytest
import typer

from monitor_core.asgi.routes import routes
from monitor_core.cli import build


def commands():
    """Return every command as (words, command), hidden ones left out."""
    found = []

    def walk(group, words):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                walk(command, [*words, name])
            elif not command.hidden:
                found.append((" ".join([*words, name]), command))

    walk(typer.main.get_command(build()), [])
    return found


@pytest.fixture(scope="module")
def text(root):
    return (root / "docs" / "cli.md").read_text(encoding="utf-8")


def test_every_command_is_documented(text):
    """Each has a row of its own."""
    rows = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    missing = [words for words, _ in commands() if not any(row == words or row.startswith(f"{words} ") for row in rows)]
    assert missing == []


def test_every_documented_command_exists(text):
    """No row for a command that is gone."""
    known = [words for words, _ in commands()]
    rows = re.findall(r"^\| `([a-z][^`]*)` \|", text, re.MULTILINE)
    assert [row for row in rows if not any(row == words or row.startswith(f"{words} ") for words in known)] == []


def test_every_option_is_documented(text):
    """Named somewhere in the document."""
    options = {
        option
        for _, command in commands()
        for parameter in command.params
        if not getattr(parameter, "hidden", False)
        for option in parameter.opts
        if option.startswith("--")
    }
    assert sorted(option for option in options if f"{option}" not in text) == []


def test_every_command_has_a_help_text():
    """One line that says what it does."""
    assert [words for words, command in commands() if not command.help] == []


def test_every_route_is_documented(root):
    """The HTTP document names each address, and no other."""
    text = (root / "docs" / "http-api.md").read_text(encoding="utf-8")
    known = {re.sub(r"\{(\w+?)_id\}", r"{\1}", route.path) for route in routes(lambda: None)}
    named = {path for _, path in re.findall(r"`(GET|PUT|POST) (/[^`]+)`", text)}
    assert named == known


def test_every_metric_is_documented(root):
    """By name."""
    source = (root / "monitor_core" / "asgi" / "exposition.py").read_text(encoding="utf-8")
    text = (root / "docs" / "http-api.md").read_text(encoding="utf-8")
    names = re.findall(r'GaugeMetricFamily\(\s*"(\w+)"', source)
    assert len(names) >= 10
    assert [name for name in names if f"`{name}`" not in text] == []
