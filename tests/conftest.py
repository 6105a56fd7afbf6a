"""What every test may count on: which servers are there, and where shared data lies.

A test marked ``browser``, ``postgres`` or ``prometheus`` is skipped, saying so, where the program is missing. Named in
``MONITOR_REQUIRE`` (a list with commas) the run fails instead: what should be tested is never passed over in silence.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def find_postgres() -> str | None:
    """Return the folder of the newest PostgreSQL's programs."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(folders[-1]) if folders else shutil.which("initdb")
    return str(Path(found).parent) if found else None


FINDERS = {"browser": find_chromium, "postgres": find_postgres, "prometheus": lambda: shutil.which("prometheus")}
PACKAGES = {"browser": "chromium", "postgres": "postgresql", "prometheus": "prometheus"}


def required() -> set[str]:
    names = {name.strip() for name in os.environ.get("MONITOR_REQUIRE", "").split(",")} - {""}
    if unknown := names - set(FINDERS):
        raise pytest.UsageError(f"MONITOR_REQUIRE: {sorted(unknown)} not known, allowed are {sorted(FINDERS)}")
    return names


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = {name for name, find in FINDERS.items() if find() is None}
    if lacking := missing & required():
        raise pytest.UsageError(f"MONITOR_REQUIRE names what is not installed: {', '.join(sorted(lacking))}")
    for item in items:
        for name in missing:
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=f"{name}: no program found (apt-get install {PACKAGES[name]})"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser, for Playwright's `executable_path`."""
    found = find_chromium()
    assert found, "tests that use this fixture carry the marker 'browser'"
    return found


@pytest.fixture(scope="session")
def postgres_bin() -> Path:
    """Folder of `initdb` and `postgres`."""
    found = find_postgres()
    assert found, "tests that use this fixture carry the marker 'postgres'"
    return Path(found)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the census files; skips, saying so, where it is absent."""
    folder = Path(os.environ.get("MONITOR_SHARED") or ROOT.parent / "shared") / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder} (set MONITOR_SHARED)")
    return folder
