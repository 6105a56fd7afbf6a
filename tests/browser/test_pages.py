"""Each page as people find it: by address on a fresh server, in both appearances, on a phone, with hostile names."""

import shutil

import pytest

pytestmark = pytest.mark.browser

PAGES = {
    "overview": "/",
    "drift": "/drift",
    "performance": "/performance",
    "data": "/data",
    "settings": "/settings",
}
HOSTILE = "**x** <img src=x onerror=alert(1)> :red[a] [a](javascript:alert(1))"
LOOKS = ("Evidence", "Without+labels", "Where", "Cut-off", "Calibration", "Labels", "Decisions")
KNOWN = {
    "list": "[data-testid=stSidebarNav]",  # Streamlit wraps the items of a group in a div
    "listitem": "[data-testid=stSidebarNav]",  # the same
}
"""Streamlit's own findings, each with the element of Streamlit that it concerns."""


def test_a_cold_deep_link_opens_the_cell(judged_folder, visit, serve, tmp_path):
    """The first request that a server ever gets may be a link to a cell: frame and cell are there, and no dialog."""
    shutil.copytree(judged_folder, tmp_path / "data")
    with serve(tmp_path / "data") as url:
        window = visit(url).go("/drift?model=shop+1.0&feature=quiet_03&granule=2026-07-05")
        window.sees("No drift in quiet_03")
        assert window.page.get_by_role("link", name="Overview").is_visible()
        assert not window.page.get_by_role("dialog").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_pictures_of_each_page(judged, visit, name, scheme):
    """Build output to look at; nothing on them is an error."""
    window = visit(judged, scheme=scheme).go(PAGES[name])
    window.page.wait_for_timeout(800)
    window.picture(f"{name}_{scheme}")
    assert not window.page.locator("[data-testid=stException], [data-testid=stAlert]").count()


@pytest.mark.parametrize("name", PAGES)
def test_each_page_fits_a_phone(judged, visit, name):
    """Nothing makes the page scroll sideways."""
    window = visit(judged, width=390, height=844).go(PAGES[name])
    window.page.wait_for_timeout(800)
    window.picture(f"{name}_phone")
    assert window.page.evaluate("document.documentElement.scrollWidth") <= 390


def is_streamlits(page, finding, selector):
    return finding in KNOWN and page.evaluate(
        "([selector, owner]) => Boolean(document.querySelector(selector)?.closest(owner))", [selector, KNOWN[finding]]
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_of_ours(judged, visit, name, scheme):
    """WCAG 2 A and AA."""
    window = visit(judged, scheme=scheme).go(PAGES[name])
    window.page.wait_for_timeout(800)
    ours = barriers(window)
    assert not ours, "\n".join(ours)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_closer_look_at_performance_is_drawn_and_clean(judged, visit, scheme):
    """A picture of each to look at, no error, nothing that axe finds."""
    for look in LOOKS:
        window = visit(judged, scheme=scheme, height=1700).go(f"/performance?model=shop+1.0&look={look}")
        window.sees("F1, rolling 30 days").picture(f"look_{look.lower().replace('+', '_')}_{scheme}")
        assert not window.page.locator("[data-testid=stException]").count()
        ours = barriers(window)
        assert not ours, f"{look}: " + "\n".join(ours)


def test_every_closer_look_fits_a_phone(judged, visit):
    """Tables scroll in themselves, not the page."""
    window = visit(judged, width=390, height=844)
    for look in LOOKS:
        window.go(f"/performance?model=shop+1.0&look={look}").sees("F1, rolling 30 days")
        assert window.page.evaluate("document.documentElement.scrollWidth") <= 390, look


def test_moving_the_cut_off_leaves_the_rest_of_the_page_alone(judged, visit):
    """By keyboard, and the address keeps it."""
    window = visit(judged).go("/performance?model=shop+1.0&look=Cut-off").sees("As predicted")
    slider = window.page.get_by_role("slider").first
    slider.focus()
    before = float(slider.input_value())
    slider.press("ArrowRight")
    window.sees(f"From {before + 0.01:.2f} on")
    window.page.wait_for_url("**cut=**")


def barriers(window):
    """Return what axe finds that is ours (WCAG 2 A and AA)."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa"]}}
    found = Axe().run(window.page, options=options).response["violations"]
    return [
        f"{violation['id']}: {node['target']} {node['html'][:160]} {node['failureSummary'][:160]}"
        for violation in found
        for node in violation["nodes"]
        if not is_streamlits(window.page, violation["id"], node["target"][0])
    ]


def test_hostile_names_are_only_text(judged, visit):
    """A feature's name runs nothing, links nowhere and has no colour."""
    window = visit(judged).go("/drift?model=shop+1.0&granule=2026-07-05")
    window.page.get_by_role("combobox", name="Feature").first.fill("**x**")
    window.page.get_by_role("option").first.click()
    window.settled()
    window.sees("No drift in **x** <img src=x onerror=alert(1)>")
    assert not window.page.locator("img[src=x]").count()
    assert not window.page.locator("a[href^=javascript]").count()


def test_the_tooltip_of_a_hostile_name_is_only_text(judged, visit):
    """The chart's tooltip is HTML: the name reaches it escaped."""
    window = visit(judged).go("/drift?model=shop+1.0&find=img")
    chart = window.page.locator(".st-key-heatmap canvas").first
    shape = chart.bounding_box()
    window.page.mouse.move(shape["x"] + shape["width"] * 0.6, shape["y"] + 15)
    window.page.wait_for_timeout(800)
    window.sees("onerror=alert(1)")
    assert not window.page.locator("img[src=x]").count()


def test_filters_live_in_the_address(judged, visit):
    """A page can be sent to a colleague."""
    window = visit(judged).go("/drift")
    window.page.get_by_text("Only drifted").click()
    window.page.wait_for_url("**drifted=true**")
    copy = visit(judged).go(window.page.url.removeprefix(judged))
    assert (
        copy.page.get_by_role("switch", name="Only drifted").is_checked()
        or copy.page.get_by_label("Only drifted").is_checked()
    )
