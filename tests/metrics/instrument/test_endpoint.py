"""The route's template, from scopes as routers leave them."""

from types import SimpleNamespace

import pytest

from monitor_core.metrics.instrument.endpoint import asgi_endpoint, asgi_key, asgi_objects, wsgi_endpoint


def route(path, **more):
    return SimpleNamespace(path=path, **more)


def mount(path, *routes):
    return SimpleNamespace(path=path, routes=list(routes))


INCLUDED = route("/{item_id}")
NEW = {"route": INCLUDED, "fastapi": {"effective_route_context": route("/items/{item_id}", original_route=INCLUDED)}}
OLD = {"route": route("/items/{item_id}")}


class TestBothShapes:
    @pytest.mark.parametrize("scope", [OLD, NEW], ids=["fastapi-0.136", "fastapi-0.137"])
    def test_included_router(self, scope):
        """The prefix of the including router is there, whoever knows it."""
        assert asgi_endpoint({"path": "/items/7", **scope}) == "/items/{item_id}"

    @pytest.mark.parametrize("scope", [OLD, NEW], ids=["fastapi-0.136", "fastapi-0.137"])
    def test_within_a_mount(self, scope):
        """The mount's prefix comes in front."""
        mounted = {"root_path": "/v2", "app_root_path": ""}
        assert asgi_endpoint({**scope, **mounted}) == "/v2/items/{item_id}"

    @pytest.mark.parametrize("scope", [OLD, NEW], ids=["fastapi-0.136", "fastapi-0.137"])
    def test_behind_a_proxy(self, scope):
        """What a proxy puts in front says nothing about the service."""
        assert asgi_endpoint({**scope, "root_path": "/proxy"}) == "/items/{item_id}"
        mounted = {"root_path": "/proxy/v2", "app_root_path": "/proxy"}
        assert asgi_endpoint({**scope, **mounted}) == "/v2/items/{item_id}"


class TestMounts:
    def test_parameters_in_the_prefix_are_written_as_such(self):
        """A tenant's name is a value, not a label."""
        scope = {
            "route": route("/items/{item}"),
            "root_path": "/shop/acme",
            "app_root_path": "",
            "path_params": {"tenant": "acme", "item": "7"},
        }
        assert asgi_endpoint(scope) == "/shop/{tenant}/items/{item}"

    def test_equal_values_are_kept_apart(self):
        """The last of equal segments is the parameter."""
        scope = {
            "route": route("/x"),
            "root_path": "/shop/shop",
            "app_root_path": "",
            "path_params": {"tenant": "shop"},
        }
        assert asgi_endpoint(scope) == "/shop/{tenant}/x"

    def test_mounted_files_have_the_mount(self):
        """Names of files are not labels."""
        assert asgi_endpoint({"root_path": "/static", "app_root_path": "", "path": "/static/a.css"}) == "/static"
        old = {"route": mount("/static"), "root_path": "/static", "app_root_path": ""}
        assert asgi_endpoint(old) == "/static"

    def test_files_at_the_root(self):
        """A mount without a prefix."""
        assert asgi_endpoint({"root_path": "", "app_root_path": "", "path": "/a.css"}) == "/"

    def test_context_of_the_outer_router_is_not_the_inner_route(self):
        """A mount in an included router leaves its context behind."""
        outer = route("", original_route=mount("/inner"), starlette_route=mount("/pfx/inner"))
        scope = {
            "route": route("/z/{a}"),
            "root_path": "/pfx/inner",
            "app_root_path": "",
            "fastapi": {"effective_route_context": outer},
        }
        assert asgi_endpoint(scope) == "/pfx/inner/z/{a}"


class TestHandlersWithoutRoute:
    def test_plain_handler_in_an_included_router(self):
        """The context knows the Starlette route."""
        context = route("", original_route=object(), starlette_route=route("/pfx/raw/{q}"))
        scope = {"endpoint": print, "fastapi": {"effective_route_context": context}}
        assert asgi_endpoint(scope) == "/pfx/raw/{q}"

    def test_plain_handler_is_searched(self):
        """FastAPI 0.137 sets no route for `/docs`."""
        app = SimpleNamespace(routes=[route("/a", endpoint=len), mount("/m", route("/docs", endpoint=print))])
        assert asgi_endpoint({"endpoint": print, "app": app}) == "/docs"

    def test_handler_of_routes_with_other_parameters(self):
        """Names of parameters tell routes apart."""
        app = SimpleNamespace(
            routes=[
                route("/a/{x}", endpoint=print, param_convertors={"x": str}),
                route("/b/{y}", endpoint=print, param_convertors={"y": str}),
                route("/c", endpoint=print),
            ]
        )
        assert asgi_endpoint({"endpoint": print, "app": app, "path_params": {"y": "1"}}) == "/b/{y}"
        assert asgi_endpoint({"endpoint": print, "app": app}) == "/c"

    def test_handler_of_two_routes_has_both(self):
        """Which one it was cannot be told, so neither is claimed."""
        app = SimpleNamespace(routes=[route("/a", endpoint=print), route("/b", endpoint=print)])
        assert asgi_endpoint({"endpoint": print, "app": app}) == "/a, /b"

    def test_frontend(self):
        """Files that FastAPI serves after all routes."""
        assert asgi_endpoint({"fastapi": {"frontend_path": "a/b.js"}}) == "/{path}"

    def test_nothing_matched(self):
        """No route, no handler, no mount."""
        assert asgi_endpoint({"path": "/x", "app": SimpleNamespace(routes=[route("/a")])}) == "__unmatched__"


class TestKey:
    def test_same_route_same_key(self):
        """Whatever the path."""
        assert asgi_key({**NEW, "path": "/items/1"}) == asgi_key({**NEW, "path": "/items/2"})

    def test_one_route_included_twice_has_two_keys(self):
        """The contexts differ."""
        other = {"effective_route_context": route("/other/{item_id}", original_route=INCLUDED)}
        assert asgi_key(NEW) != asgi_key({**NEW, "fastapi": other})

    def test_objects_are_kept_with_the_key(self):
        """So that an identity is not given away."""
        assert asgi_objects(NEW) == (INCLUDED, None, NEW["fastapi"]["effective_route_context"])


class TestWsgi:
    def test_rule(self):
        """As Flask's request carries it."""
        request = SimpleNamespace(url_rule=SimpleNamespace(rule="/items/<int:item>"))
        assert wsgi_endpoint({"werkzeug.request": request}, "") == "/items/<int:item>"

    def test_prefix_of_a_mount(self):
        """What a dispatcher added to the script name."""
        request = SimpleNamespace(url_rule=SimpleNamespace(rule="/x"))
        environ = {"werkzeug.request": request, "SCRIPT_NAME": "/proxy/v2"}
        assert wsgi_endpoint(environ, "/proxy") == "/v2/x"

    @pytest.mark.parametrize("request_", [None, SimpleNamespace(url_rule=None), SimpleNamespace()])
    def test_no_rule(self, request_):
        """Not found, or not Flask."""
        assert wsgi_endpoint({"werkzeug.request": request_}, "") == "__unmatched__"
