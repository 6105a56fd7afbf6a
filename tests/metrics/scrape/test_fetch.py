"""Fetching a page: in time, bounded, from that address and no other, with a reason when it fails."""

import base64
import gzip
import socket
import time
import zlib

import pytest

from monitor_core.metrics.scrape.fetch import Fetcher, ScrapeFailed

PLAIN = {"content_type": "text/plain; version=0.0.4"}


@pytest.fixture
def fetch():
    """Fetch once from a server."""
    made = []

    def run(server, *, path="/metrics", user="", timeout=2.0, max_bytes=1_000_000, **more):
        made.append(Fetcher(f"http://{user}{server.host}{path}", timeout=timeout, max_bytes=max_bytes, **more))
        return made[-1].fetch()

    yield run
    for one in made:
        one.close()


def test_a_page(raw_server, answers, fetch):
    """Text and kind; the request says what is wanted."""
    server = raw_server(answers(b"x 1\n", **PLAIN))
    page = fetch(server, path="/m?a=b")
    assert (page.text, page.is_openmetrics) == ("x 1\n", False)
    request = server.requests[0]
    assert request.startswith("GET /m?a=b HTTP/1.1\r\n")
    assert "application/openmetrics-text" in request
    assert f"Host: {server.host}" in request


def test_openmetrics_is_told_by_its_content_type(raw_server, answers, fetch):
    """Not by its looks."""
    server = raw_server(answers(b"# EOF\n", content_type="application/openmetrics-text; version=1.0.0; charset=utf-8"))
    assert fetch(server).is_openmetrics


def test_compressed(raw_server, answers, fetch):
    """Expanded, within the limit."""
    text = b"x 1\n" * 1000
    assert fetch(raw_server(answers(gzip.compress(text), content_encoding="gzip", **PLAIN))).text == text.decode()


def test_one_connection_for_many_scrapes(raw_server, answers):
    """And a new one when the server closed it in between."""
    server = raw_server(answers(b"x 1\n"))
    fetcher = Fetcher(f"http://{server.host}/", timeout=2, max_bytes=100)
    for _ in range(3):
        fetcher.fetch()
    assert server.connections == 1
    for connection in server._open:
        connection.shutdown(socket.SHUT_RDWR)
    time.sleep(0.05)
    assert fetcher.fetch().text == "x 1\n"
    assert server.connections == 2
    fetcher.close()


def test_user_and_password_come_from_the_address(raw_server, answers, fetch):
    """Percent signs undone; nothing of them in the path."""
    server = raw_server(answers(b""))
    fetch(server, user="ann:p%40ss@")
    assert f"Authorization: Basic {base64.b64encode(b'ann:p@ss').decode()}" in server.requests[0]
    assert "ann" not in server.requests[0].splitlines()[0]


def test_headers_are_asked_for_each_time(raw_server, answers, fetch):
    """A token in a file may change."""
    server = raw_server(answers(b""))
    fetch(server, headers=lambda: {"Authorization": "Bearer t"})
    assert "Authorization: Bearer t" in server.requests[0]


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        ("404 Not Found", {}, b"", "404 Not Found"),
        ("401 Unauthorized", {}, b"", "401"),
        ("500 Internal Server Error", {}, b"", "500"),
        ("302 Found", {"location": "http://169.254.169.254/"}, b"", "redirects are not followed"),
        ("200 OK", {"content_type": "text/html"}, b"<html>", "html"),
        ("200 OK", {"content_type": "application/json"}, b"{}", "json"),
        ("200 OK", PLAIN, b'x{a="\xff"} 1\n', "UTF-8"),
        ("200 OK", PLAIN, b"x 1\n" * 300_000, "more than 1,000,000 bytes"),
        ("200 OK", {"content_encoding": "gzip"}, gzip.compress(b"x" * 50_000_000), "more than 1,000,000 bytes"),
        ("200 OK", {"content_encoding": "gzip"}, gzip.compress(b"x 1\n" * 100)[:-20], "breaks off"),
        ("200 OK", {"content_encoding": "gzip"}, b"no gzip at all", "damaged"),
        ("200 OK", {"content_encoding": "gzip"}, zlib.compress(b"x 1\n"), "damaged"),
        ("200 OK", {"content_length": 100}, b"x 1\n", "within|breaks off"),
    ],
)
def test_what_is_no_page_is_told(raw_server, answers, fetch, status, headers, body, words):  # noqa: PLR0917 - fixtures
    """In words for the page of targets."""
    with pytest.raises(ScrapeFailed, match=words):
        fetch(raw_server(answers(body, status, **headers)), timeout=1.0)


def test_a_redirect_is_not_followed(raw_server, answers, fetch):
    """Wherever it leads."""
    elsewhere = raw_server(answers(b"x 1\n"))
    server = raw_server(answers(b"", "301 Moved", location=f"http://{elsewhere.host}/"))
    with pytest.raises(ScrapeFailed):
        fetch(server)
    assert elsewhere.requests == []


@pytest.mark.parametrize("kind", ["silent", "dripping head", "dripping status", "dripping body", "dripping chunks"])
def test_time_is_bounded(raw_server, silent, dripping, fetch, kind):
    """Whatever the server does with it."""
    talk = {
        "silent": silent,
        "dripping status": dripping(b"", b"H"),
        "dripping head": dripping(b"HTTP/1.1 200 OK\r\n", b"x: 1\r\n"),
        "dripping body": dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n", b"x"),
        "dripping chunks": dripping(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    }[kind]
    begin = time.monotonic()
    with pytest.raises(ScrapeFailed):
        fetch(raw_server(talk), timeout=0.4)
    assert time.monotonic() - begin < 1.5


def test_nobody_there(fetch):
    """Refused at once."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(ScrapeFailed, match="refused"):
        Fetcher(f"http://127.0.0.1:{port}/", timeout=2, max_bytes=10).fetch()


def test_an_unknown_host():
    """Said as such."""
    with pytest.raises(ScrapeFailed, match=r"not known|within"):
        Fetcher("http://no-such-host.invalid/metrics", timeout=5, max_bytes=10).fetch()


def test_no_http_at_all(raw_server, fetch):
    """A port of something else."""
    with pytest.raises(ScrapeFailed):
        fetch(raw_server(b"220 mail ready\r\n"), timeout=1)
