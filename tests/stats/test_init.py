"""The door of the room."""

import subprocess
import sys


def test_importing_it_is_cheap():
    """No scipy.stats, pandas, pyarrow or scikit-learn comes in."""
    code = (
        "import sys, monitor_core.stats; "
        "print([name for name in ('scipy.stats', 'pandas', 'pyarrow', 'sklearn') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
