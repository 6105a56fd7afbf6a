"""What holds for every page."""

from pathlib import Path

import pytest

from monitor_core.ui import access

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *("pages/overview/overview.py", "pages/service/latency.py", "pages/model/drift.py"),
    *("pages/model/performance.py", "pages/data/data.py", "pages/settings/settings.py"),
]


@pytest.mark.parametrize("page", PAGES)
def test_a_database_that_is_down_is_an_error_state(open_page, monkeypatch, page):
    """It names what could not be reached, and offers to try again."""
    access.services().close()
    access.services.clear()
    monkeypatch.setenv("MONITOR_DATABASE_URL", "postgresql://monitor@127.0.0.1:1/monitor")
    try:
        opened = open_page(page)
        assert "127.0.0.1" in opened.words().replace("\\", "")
        assert [button.label for button in opened.test.button] == ["Try again"]
    finally:
        monkeypatch.delenv("MONITOR_DATABASE_URL")


def test_a_wrong_setting_is_an_error_state(open_page, monkeypatch):
    """The message of the settings reaches the reader."""
    access.services().close()
    access.services.clear()
    monkeypatch.setenv("MONITOR_PORT", "many")
    try:
        assert "MONITOR" in open_page().words().replace("\\", "")
    finally:
        monkeypatch.delenv("MONITOR_PORT")


def test_pages_lie_one_level_down():
    """A script directly in pages/ breaks a fresh server's first deep link."""
    assert not list((ROOT / "pages").glob("*.py"))
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "pages").rglob("*.py")} == set(PAGES)


@pytest.mark.parametrize("page", [*PAGES, "streamlit_app.py"])
def test_pages_are_thin(page):
    """They read controls, call a service and draw: no SQL, no HTTP, no statistics."""
    source = (ROOT / page).read_text()
    assert len(source.splitlines()) < 120
    assert not {"sqlalchemy", "numpy", "httpx", "scipy"} & set(source.replace(".", " ").split())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_appearances_draw(open_page, installation, theme):
    """The chart takes its colours from the appearance."""
    installation.judged()
    page = open_page("pages/model/drift.py")
    page.test.context = {"theme": theme, "timezone": "Europe/Berlin"}
    page.test.run()
    assert not page.test.exception
    ink = {"light": "#171A21", "dark": "#E7EAF0"}[theme]
    assert ink in page.test.get("echarts_chart")[0].proto.spec


def test_streamlit_still_knows_the_option_that_spares_a_full_collection():
    """It is not in Streamlit's public list; without it a rerun costs three times as much."""
    from streamlit import config

    assert config.get_options_for_section("runner").keys() >= {"postScriptGC"}
