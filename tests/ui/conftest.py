import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("figure_worlds", Path(__file__).parents[1] / "figures" / "conftest.py")
_worlds = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_worlds)


@pytest.fixture
def matrix():
    """Build a run of any size."""
    return _worlds.make_matrix


@pytest.fixture
def detail():
    """Build one cell."""
    return _worlds.make_detail
