"""Who may read and write."""

import pytest
from starlette.requests import HTTPConnection

from monitor_core.asgi.access import Access, Denied
from monitor_core.settings import Settings


def connection(authorization=None):
    headers = [] if authorization is None else [(b"authorization", authorization.encode())]
    return HTTPConnection({"type": "http", "headers": headers})


def test_reading_is_free_on_the_machine_itself():
    """Nobody else can connect."""
    Access(Settings(host="127.0.0.1"), "secret").check_read(connection())


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "monitor.lan", "::"])
def test_elsewhere_reading_needs_the_token(host):
    """As writing always does."""
    access = Access(Settings(host=host), "secret")
    with pytest.raises(Denied):
        access.check_read(connection())
    access.check_read(connection("Bearer secret"))


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic secret", "secret", "Bearer secret2"]
)
def test_writing_needs_the_right_token(given):
    """And nothing like it."""
    with pytest.raises(Denied, match="token"):
        Access(Settings(), "secret").check_write(connection(given))


@pytest.mark.parametrize("given", ["Bearer secret", "bearer secret", "BEARER  secret "])
def test_the_scheme_is_read_as_the_standard_says(given):
    """In any case."""
    Access(Settings(), "secret").check_write(connection(given))
