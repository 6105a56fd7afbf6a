"""Ways to talk to an application in tests."""

import socket
import threading
import time

import anyio
import httpx
import pytest
import uvicorn
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.middleware import Middleware

from monitor_core.asgi.access import Access
from monitor_core.asgi.context import Context, database_down, told
from monitor_core.asgi.guard import Guard, allowed_hosts
from monitor_core.asgi.routes import routes
from monitor_core.errors import MonitorError
from monitor_core.jobs.handlers import HANDLERS
from monitor_core.jobs.worker import Worker
from monitor_core.runtime import open_services
from monitor_core.settings import load

TOKEN = "the-token"


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


class Server:
    """Our routes, as the web process has them, behind a socket."""

    def __init__(self, services):
        self.services = services
        context = Context(services, Access(services.settings, TOKEN), anyio.CapacityLimiter(4))
        app = Starlette(
            routes=routes(lambda: context),
            middleware=[Middleware(Guard, names=allowed_hosts(services.settings))],
            exception_handlers={MonitorError: told, SQLAlchemyError: database_down},
        )
        config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        self.address = self._socket.getsockname()
        base = f"http://127.0.0.1:{self.address[1]}"
        self.client = httpx.Client(base_url=base, timeout=30)
        self.writer = httpx.Client(base_url=base, timeout=30, headers={"authorization": f"Bearer {TOKEN}"})
        while not self._server.started:
            time.sleep(0.01)

    def work(self):
        Worker(self.services, HANDLERS).run_pending()

    def close(self):
        self.client.close()
        self.writer.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


@pytest.fixture(scope="session")
def served():
    """How a test starts a server on services of its own."""
    return Server


@pytest.fixture
def serve(tmp_path, served):
    """Serve a fresh installation."""
    servers = []

    def start(**arguments):
        given = {"data_dir": tmp_path / "data", **arguments}
        services = open_services(load(environ={}, arguments=given))
        services.models.add("churn", version="1", actor="ann")
        servers.append(served(services))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
        server.services.close()
