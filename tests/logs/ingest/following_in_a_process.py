"""Follow a folder in a process of its own, which the test kills."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from monitor_core.logs.ingest.ingester import Ingester
from monitor_core.settings import LogSettings

if __name__ == "__main__":
    root, folder = map(Path, sys.argv[1:])
    settings = LogSettings(poll_seconds=0.01, commit_seconds=0.05)
    ingester = Ingester(root, [folder], settings, lambda: datetime.now(UTC))
    print("ready", flush=True)  # noqa: T201
    ingester.run(stop=lambda: False)
