"""What an installation brings."""

import re
import tomllib

import pytest


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def name_of(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower().replace("_", "-")


def pinned(path) -> dict[str, str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {name_of(line): line for line in lines}


def test_the_package_alone_is_the_light_half(project):
    """Four small packages, no more."""
    names = {name_of(item) for item in project["dependencies"]}
    assert names == {"prometheus-client", "psutil", "python-json-logger", "concurrent-log-handler"}


def test_everything_the_app_needs_is_pinned(project, root):
    """Each requirement of the package and its extra `app` has one version in requirements.txt."""
    wanted = {name_of(item) for item in [*project["dependencies"], *project["optional-dependencies"]["app"]]}
    assert wanted - set(pinned(root / "requirements.txt")) == set()


def test_everything_the_tests_need_is_pinned(project, root):
    """Each requirement of the extra `test` has one version in requirements-test.txt."""
    wanted = {name_of(item) for item in project["optional-dependencies"]["test"]}
    assert wanted - set(pinned(root / "requirements-test.txt")) == set()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_pins_are_exact(root, name):
    """No range among the pins."""
    assert [line for line in pinned(root / name).values() if not re.fullmatch(r"[\w.\[\]-]+==[\w.]+", line)] == []


def test_no_package_is_pinned_twice(root):
    """App and tests agree."""
    assert set(pinned(root / "requirements.txt")) & set(pinned(root / "requirements-test.txt")) == set()
