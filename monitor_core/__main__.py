"""``python -m monitor_core``."""

import sys

from monitor_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
