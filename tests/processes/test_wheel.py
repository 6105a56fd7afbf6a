"""The wheel alone serves the app, wherever it is started."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("monitor_core", "pages", "static", ".streamlit", "streamlit_app.py")
BUILT_FROM = (*PARTS, "pyproject.toml", "setup.py", "README.md", "LICENSE")

pytestmark = pytest.mark.calibration  # it builds a wheel and starts a server


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """What `pip install` of the wheel would put into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    project = folder / "project"
    project.mkdir()
    for name in BUILT_FROM:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, project / name)
    make = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, project]
    subprocess.run(make, check=True, timeout=300, cwd=folder, stdin=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site-packages")
    return folder / "site-packages"


def test_every_file_of_the_pages_is_inside(unpacked):
    """Nothing that lies beside the package in the project is missing from the wheel."""
    site = unpacked / "monitor_core" / "site"
    tracked = subprocess.run(["git", "ls-files", *PARTS[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    names = tracked.stdout.split() or [str(p.relative_to(ROOT)) for p in (ROOT / "pages").rglob("*.py")]
    assert [name for name in names if not (site / name).is_file()] == []


def test_it_serves_from_any_folder(unpacked, tmp_path):
    """`bellwether serve` in an empty folder: health, the page, its theme and fonts."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MONITOR_", "STREAMLIT_"))}
    server = subprocess.Popen(
        [sys.executable, "-m", "monitor_core", "serve", "--port", "0", "--data-dir", str(tmp_path / "data")],
        env={**clean, "PYTHONPATH": str(unpacked), "PYTHONSAFEPATH": "1"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = re.search(r"http://\S+", server.stdout.readline())[0]
        with httpx.Client(base_url=address, timeout=30) as client:
            assert client.get("/api/health").json()["status"] == "up"
            assert client.get("/drift").status_code == 200
            font = client.get("/app/static/fonts/inter-latin-wght-normal.woff2")
            assert font.content[:4] == b"wOF2"
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stdout.close()
