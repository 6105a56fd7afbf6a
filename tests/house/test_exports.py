"""What a module offers is written in it, and is there."""

import importlib
import pkgutil
from inspect import isclass, isfunction

import pytest

import monitor_core
from monitor_core.errors import MissingExtra

SKIPPED = ("__main__", "migrations")
FOUND = [
    info
    for info in pkgutil.walk_packages(monitor_core.__path__, "monitor_core.", onerror=lambda _: None)
    if not any(part in SKIPPED for part in info.name.split("."))
]
MODULES = sorted(info.name for info in FOUND)
ROOMS = sorted(info.name for info in FOUND if info.ispkg and info.name.count(".") == 1)


def load(name):
    """Import a module; one that needs an optional dependency is passed over, saying which."""
    try:
        return importlib.import_module(name)
    except MissingExtra as missing:
        pytest.skip(f"{name}: {missing}")


@pytest.mark.parametrize("name", ["monitor_core", *MODULES])
def test_every_exported_name_exists(name):
    """Each name of `__all__` can be had."""
    module = load(name)
    exported = getattr(module, "__all__", [])
    assert [item for item in exported if not hasattr(module, item)] == []
    assert len(set(exported)) == len(exported)


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith("monitor_core.cli.")])
def test_every_module_says_what_it_offers(name):
    """Modules that define something public have `__all__`, and every name in it that has a place for words has some.

    Commands of the command line are found by their noun, not by import.
    """
    module = load(name)
    public = [
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", "") == name
    ]
    assert hasattr(module, "__all__") or not public, f"{name} defines {public} but has no __all__"
    own = [
        value
        for key in getattr(module, "__all__", [])
        if getattr(value := getattr(module, key), "__module__", "") == name
    ]
    assert [value for value in own if (isclass(value) or isfunction(value)) and not value.__doc__] == []


@pytest.mark.parametrize("name", ROOMS)
def test_every_room_says_what_it_is_for(name):
    """The package's own words come first."""
    assert importlib.import_module(name).__doc__


def test_front_doors_are_listed():
    """`dir` shows what is loaded on first use."""
    assert set(monitor_core.__all__) <= set(dir(monitor_core))


def test_unknown_name_is_an_attribute_error():
    """A typing slip is reported as Python does."""
    with pytest.raises(AttributeError, match="DriftDetectr"):
        _ = monitor_core.DriftDetectr
