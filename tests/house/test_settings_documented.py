"""Every setting is documented, with its default and what is allowed."""

from pathlib import Path

import pytest

from monitor_core.settings import known_settings

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


@pytest.mark.parametrize("setting", known_settings().values(), ids=lambda setting: setting.key)
def test_the_setting_has_its_row(setting):
    """The row says what the code says."""
    name = setting.key.rpartition(".")[2]
    default = f"`{setting.text(setting.default)}`" if setting.text(setting.default) else "empty"
    row = f"| `{name}` | {default} | {setting.allowed} | {setting.words} | `{setting.variable}` |"
    assert row in DOCUMENT.read_text(encoding="utf-8").splitlines()


def test_nothing_else_is_documented():
    """No row is left of a setting that has gone."""
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert len(rows) == len(known_settings())
