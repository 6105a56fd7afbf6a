"""Which route took a request, as its template: `/users/{id}`, never `/users/17`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor_core.metrics.names import UNMATCHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping

__all__ = ["asgi_endpoint", "asgi_key", "asgi_objects", "wsgi_endpoint"]

_MOST_DEPTH = 8


def asgi_key(scope: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what decides the template, cheap to make.

    A key by identity: routes compare by value and cannot be hashed. Whoever stores it must keep `asgi_objects`, too,
    or an identity may be given to another object.
    """
    route = scope.get("route")
    fastapi = scope.get("fastapi")
    context = fastapi.get("effective_route_context") if fastapi else None
    if route is not None:
        return (id(route), id(context), scope.get("root_path"))
    is_frontend = fastapi is not None and "frontend_path" in fastapi
    names = tuple(scope.get("path_params") or ())
    return (id(scope.get("endpoint")), id(context), scope.get("root_path"), is_frontend, names)


def asgi_objects(scope: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the objects whose identity is in the key."""
    context = (scope.get("fastapi") or {}).get("effective_route_context")
    return (scope.get("route"), scope.get("endpoint"), context)


def asgi_endpoint(scope: Mapping[str, Any]) -> str:
    """Return the template of the route that took an ASGI request.

    Works with Starlette and FastAPI. From FastAPI 0.137 on a route no longer knows the prefix of the router that
    includes it; the whole path is then in the scope's own FastAPI part. Mounts put their prefix in front; parameters
    in it are written as such. The prefix that a proxy cuts off is left out, wherever it was configured.

    Parameters
    ----------
    scope
        After the application was called: routers write their finding into it.

    Returns
    -------
    str
        `__unmatched__` when no route took it. A mounted application that has no routes (files, say), or none that
        fits, has the prefix of its mount.

    Examples
    --------
    >>> from types import SimpleNamespace as Route
    >>> asgi_endpoint({"route": Route(path="/users/{id}")})
    '/users/{id}'
    >>> asgi_endpoint({"route": Route(path="/{id}"), "app_root_path": "/proxy", "root_path": "/proxy/v1"})
    '/v1/{id}'
    >>> included = Route(path="/{id}")
    >>> context = Route(path="/users/{id}", original_route=included)
    >>> asgi_endpoint({"route": included, "fastapi": {"effective_route_context": context}})
    '/users/{id}'
    >>> asgi_endpoint({"path": "/wp-login.php"})
    '__unmatched__'
    """
    inner = _inner_template(scope)
    prefix = _mount_prefix(scope, inner or "")
    if inner is None:
        is_mounted = scope.get("app_root_path") is not None
        return (prefix or "/") if is_mounted else UNMATCHED
    return (prefix + inner) or "/"


def wsgi_endpoint(environ: MutableMapping[str, Any], script_name: str) -> str:
    """Return the template of the rule that took a WSGI request, as Werkzeug (Flask) leaves it.

    Parameters
    ----------
    environ
        When the application starts its answer: Flask takes the request out before it returns.
    script_name
        `SCRIPT_NAME` before it was: what came on top is the mount's prefix.

    Returns
    -------
    str
        `__unmatched__` when no rule took it, or the framework leaves none.
    """
    rule = getattr(getattr(environ.get("werkzeug.request"), "url_rule", None), "rule", None)
    if not isinstance(rule, str):
        return UNMATCHED
    return str(environ.get("SCRIPT_NAME", "")).removeprefix(script_name) + rule


def _inner_template(scope: Mapping[str, Any]) -> str | None:
    route = scope.get("route")
    fastapi = scope.get("fastapi") or {}
    context = fastapi.get("effective_route_context")
    if context is not None:
        # The context of an outer router stays in the scope when a mounted application finds a route of its own.
        if route is not None and getattr(context, "original_route", route) is route:
            return _path(context)
        included = getattr(context, "starlette_route", None)
        if route is None and included is not None and not _is_mount(included):
            return _path(included)
    if route is not None:
        return None if _is_mount(route) else _path(route)
    if "frontend_path" in fastapi:
        return "/{path}"
    return _by_handler(scope)


def _by_handler(scope: Mapping[str, Any]) -> str | None:
    """Search the routes for the handler: FastAPI does not name the route of a plain Starlette handler."""
    handler = scope.get("endpoint")
    if handler is None:
        return None
    given = set(scope.get("path_params") or ())
    found = _routes_of(handler, getattr(scope.get("app"), "routes", ()), _MOST_DEPTH)
    fitting = [(names, path) for names, path in found if names <= given]
    most = max((len(names) for names, _ in fitting), default=0)
    return ", ".join(dict.fromkeys(path for names, path in fitting if len(names) == most)) or None


def _routes_of(handler: object, routes: Iterable[object], depth: int) -> list[tuple[set[str], str]]:
    """Return names of parameters and path of each route with this handler."""
    found = []
    for route in routes:
        if getattr(route, "endpoint", None) is handler:
            found.append((set(getattr(route, "param_convertors", ())), _path(route) or ""))
        elif depth and _is_mount(route):
            found += _routes_of(handler, getattr(route, "routes", ()) or (), depth - 1)
    return found


def _mount_prefix(scope: Mapping[str, Any], inner: str) -> str:
    """Return the path of the mounts; `app_root_path` is what the application itself was given, by a proxy say."""
    outer = scope.get("app_root_path")
    if outer is None:
        return ""
    segments = str(scope.get("root_path", "")).removeprefix(outer).split("/")
    for name, value in reversed((scope.get("path_params") or {}).items()):
        if f"{{{name}" not in inner and str(value) in segments:
            last = len(segments) - 1 - segments[::-1].index(str(value))
            segments[last] = f"{{{name}}}"
    return "/".join(segments)


def _is_mount(route: object) -> bool:
    return hasattr(route, "routes")


def _path(route: object) -> str | None:
    path = getattr(route, "path", None)
    return path if isinstance(path, str) else None
