"""Ways to talk to an application in tests."""

import anyio
import httpx
import pytest


class Talk:
    """A client that calls an ASGI application in this process."""

    def __init__(self, app, base_url="http://localhost:8501"):
        self.app = app
        self.base_url = base_url

    def request(self, method, path, **options):
        async def go():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=self.base_url) as client:
                return await client.request(method, path, **options)

        return anyio.run(go)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def put(self, path, **options):
        return self.request("PUT", path, **options)

    def websocket(self, path, headers):
        """Open a websocket; return what the application sent."""
        sent = []
        incoming = [{"type": "websocket.connect"}]

        async def receive():
            return incoming.pop(0) if incoming else {"type": "websocket.disconnect", "code": 1000}

        async def send(message):
            sent.append(message)

        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": raw}

        async def go():
            await self.app({**scope, "subprotocols": [], "scheme": "ws", "asgi": {"version": "3.0"}}, receive, send)

        anyio.run(go)
        return sent


@pytest.fixture
def talk():
    return Talk
