"""The HTML dashboard in a real browser: live, alone, small, and it asks nobody else."""

from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.browser
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Open a page; what it asks elsewhere, and what goes wrong on it, fails the test."""
    wrong, contexts = [], []

    def opened(url, *, scheme="light", width=1440, height=900, is_clock_ours=False, origin=""):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, timezone_id="Europe/Berlin"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((origin or url, "data:", "blob:")) else wrong.append(request.url)
            ),
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        if is_clock_ours:
            page.clock.install()
        page.goto(url)
        page.wait_for_selector("html[data-drawn]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def drawn(page, number):
    page.wait_for_selector(f'html[data-drawn="{number}"]')


def tile(page, name):
    return page.locator(".tile", has_text=name).locator(".value").inner_text()


def test_shows_what_the_engine_answers(visit, play, answers):
    """Every chart has lines, every tile a value."""
    with play(answers) as url:
        page = visit(url)
        assert page.locator("article .empty:visible").all_inner_texts() == ["none Nothing is firing."]
        assert page.locator(".tile .value", has_text="–").count() == 0
        assert tile(page, "Features drifted") == "1"
        assert page.locator("canvas").first.get_attribute("aria-label").startswith("API Latency: p50 ")
        assert page.locator("#model").inner_text().split("\n") == [
            "Version", "2.1.0", "Type", "gradient boosting", "Trained", "2026-10-01", "Measured", "churn 2",
        ]  # fmt: skip


def test_active_alerts_stand_by_severity(visit, play, answers):
    """Their words are text, whatever they hold."""
    since = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    for severity, state, summary in (
        ("low", "firing", "third"),
        ("critical", "pending", "<img src=x onerror=alert(1)>"),
        ("high", "firing", "second"),
    ):
        labels = {"alertname": "A", "severity": severity}
        alert = {"labels": labels, "annotations": {"summary": summary}, "state": state, "activeAt": since}
        answers.alerts.append(alert)
    with play(answers) as url:
        rows = visit(url).locator(".alert").all_inner_texts()
    assert [row.split("\n")[0] for row in rows] == ["critical", "high", "low"]
    assert "<img src=x onerror=alert(1)>" in rows[0]
    assert "pending, 5 h" in rows[0]


def test_range_and_previous_period(visit, play, answers):
    """Another range is another question; the past is drawn beside the present."""
    with play(answers) as url:
        page = visit(url)
        page.get_by_role("button", name="7d").click()
        drawn(page, 2)
        assert page.get_by_role("button", name="7d").get_attribute("aria-pressed") == "true"
        page.get_by_label("Previous period").check()
        drawn(page, 3)
        page.get_by_role("button", name="24h").click()
        drawn(page, 4)
        assert "mean before" in page.locator(".tile", has_text="CPU").inner_text()
        assert answers.asked.count("/api/v1/query_range") >= 60


def test_one_job_alone(visit, play, answers):
    """Its name is a value of a matcher, not a part of the question."""
    with play(answers) as url:
        page = visit(url)
        page.locator("#job").select_option("bellwether")
        drawn(page, 2)
        assert tile(page, "CPU") == "–"
        assert tile(page, "F1, 30 days") != "–"
        page.locator("#job").select_option('"><img src=x onerror=alert(1)>')
        drawn(page, 3)
        assert page.locator("#notice").is_hidden()


def test_export_is_a_picture(visit, play, answers, tmp_path):
    """Of one chart, and of all."""
    with play(answers) as url:
        page = visit(url)
        for button, name in (("Export PNG", "metrics-"), ("Export Throughput as PNG", "throughput-")):
            with page.expect_download() as waiting:
                page.get_by_role("button", name=button).click()
            waiting.value.save_as(tmp_path / "picture.png")
            assert waiting.value.suggested_filename.startswith(name)
            content = (tmp_path / "picture.png").read_bytes()
            assert content[:8] == b"\x89PNG\r\n\x1a\n"
            assert len(content) > 10_000


def test_a_server_that_fails_is_said_and_the_last_figures_stay(visit, play, answers):
    """And when it comes back, the page goes on."""
    with play(answers) as url:
        page = visit(url)
        before = tile(page, "Memory")
        answers.down = True
        page.get_by_role("button", name="24h").click()
        drawn(page, 2)
        assert "answered 502, not JSON. What is shown is" in page.locator("#notice").inner_text()
        assert tile(page, "Memory") == before
        answers.down = False
        page.get_by_role("button", name="24h").click()
        drawn(page, 3)
        assert page.locator("#notice").is_hidden()


def test_a_service_with_metrics_alone(visit, play, answers):
    """Rates come from one look to the next; there is no history to choose from."""
    answers.metrics_only = True
    with play(answers) as url:
        page = visit(url, is_clock_ours=True)
        assert "keeps no history" in page.locator("#notice").inner_text()
        assert page.get_by_role("button", name="7d").is_disabled()
        assert tile(page, "CPU") == "42.5 %"
        page.clock.fast_forward(30_000)
        drawn(page, 2)
        assert tile(page, "Above 150 ms") == "50 %"
        assert tile(page, "Requests").endswith("/s")
        assert '/a "b"' in page.locator(".legend", has_text="/a").first.inner_text()
        rows = page.locator(".alert").all_inner_texts()
        assert any("Memory: 91 %" in row for row in rows)
        assert any("F1, 30 days: 0.610" in row for row in rows)


@pytest.mark.parametrize("prefix", ["", "/below"])
def test_may_be_served_from_a_folder(visit, play, answers, prefix):
    """It asks the address itself, then the folder it lies in."""
    answers.prefix = prefix
    with play(answers) as url:
        page = visit(f"{url}/below/page.html", origin=url)
        assert tile(page, "Features drifted") == "1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_follows_the_system_and_the_button(visit, play, answers, scheme):
    """And remembers the choice."""
    colours = {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 18, 24)"}
    other = "dark" if scheme == "light" else "light"
    with play(answers) as url:
        page = visit(url, scheme=scheme)
        ground = "() => getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(ground) == colours[scheme]
        page.get_by_role("button", name="Light or dark").click()
        assert page.evaluate(ground) == colours[other]
        page.reload()
        page.wait_for_selector("html[data-drawn]")
        assert page.evaluate(ground) == colours[other]


def test_fits_a_phone(visit, play, answers):
    """Nothing hangs over, and what is pressed is large enough."""
    with play(answers) as url:
        page = visit(url, width=390, height=844)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        heights = page.evaluate("() => [...document.querySelectorAll('button')].map((one) => one.offsetHeight)")
        assert min(heights) >= 44


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_can_be_used_by_everyone(visit, play, answers, scheme):
    """By the rules of axe."""
    from axe_playwright_python.sync_playwright import Axe

    with play(answers) as url:
        found = Axe().run(visit(url, scheme=scheme), options={"runOnly": ["wcag2a", "wcag2aa"]})
    assert [(one["id"], one["nodes"][0]["html"][:80]) for one in found.response["violations"]] == []
