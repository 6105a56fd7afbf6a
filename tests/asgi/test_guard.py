"""Hosts, origins and headers."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from monitor_core.asgi.guard import Guard, allowed_hosts, is_allowed
from monitor_core.settings import Settings


async def echo(websocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


@pytest.fixture
def client(talk):
    routes = [
        Route("/", lambda _request: PlainTextResponse("fine"), methods=["GET", "POST"]),
        WebSocketRoute("/ws", echo),
    ]
    app = Guard(Starlette(routes=routes), names=allowed_hosts(Settings(hosts="monitor.example, Other.Example")))
    return talk(app)


class TestHost:
    """The name that the request was sent to."""

    @pytest.mark.parametrize(
        "host",
        [
            "localhost",
            "localhost:8501",
            "127.0.0.1:8501",
            "10.0.0.7",
            "[::1]:8501",
            "monitor.example",
            "OTHER.example:80",
        ],
    )
    def test_our_names_and_any_address_pass(self, client, host):
        """An address cannot be rebound."""
        assert client.get("/", headers={"host": host}).status_code == 200

    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[evil]"])
    def test_others_do_not(self, client, host):
        """The answer says how the owner can allow the name, and holds nothing else."""
        answer = client.get("/", headers={"host": host})
        assert answer.status_code == 421
        assert "hosts" in answer.text

    def test_two_hosts_are_none(self, client):
        """Smuggling a second one does not help."""
        assert client.get("/", headers=[("host", "localhost"), ("host", "evil.example")]).status_code == 421

    def test_websockets_are_closed(self, client):
        """Before anything is accepted."""
        assert [message["type"] for message in client.websocket("/ws", {"host": "evil.example"})] == ["websocket.close"]

    def test_the_bound_name_counts(self):
        """And an empty list adds nothing."""
        names = allowed_hosts(Settings(host="monitor.lan"))
        assert is_allowed("monitor.lan:80", names)
        assert not is_allowed("", names)


class TestOrigin:
    """The page that sends the request."""

    def test_our_own_pages_may(self, client):
        """Same name, same port."""
        headers = {"origin": "http://localhost:8501"}
        assert client.post("/", headers=headers).status_code == 200
        sent = client.websocket("/ws", {**headers, "host": "localhost:8501"})
        assert sent[1] == {"type": "websocket.send", "text": "hello"}

    @pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9999", "file://", ""])
    def test_other_pages_may_not(self, client, origin):
        """Neither write, nor read, nor open a websocket."""
        assert client.post("/", headers={"origin": origin}).status_code == 403
        sent = client.websocket("/ws", {"origin": origin, "host": "localhost:8501"})
        assert [message["type"] for message in sent] == ["websocket.close"]


def test_every_answer_carries_the_headers(client):
    """Refusals, too."""
    for answer in (client.get("/"), client.get("/none"), client.get("/", headers={"host": "evil.example"})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["referrer-policy"] == "same-origin"
