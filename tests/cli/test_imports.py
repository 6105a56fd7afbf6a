"""What a command line does not load."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from monitor_core.cli import build
build({words!r})
print([name for name in {heavy!r} if name in sys.modules])
"""


@pytest.mark.parametrize("word", ["serve", "doctor"])
def test_the_supervisor_stays_small(word):
    """Neither arrays nor pages: they live in the processes that it starts."""
    heavy = ["numpy", "pandas", "pyarrow", "scipy", "streamlit", "duckdb", "sklearn"]
    program = PROGRAM.format(words=[word], heavy=heavy)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
