"""Fork processes that take one delivery in each: a line of input, as JSON, says which; the process id is printed.

Everything is imported once, so that a process begins its work within milliseconds, and dies in the middle of it.
"""

import json
import os
import signal
import sys


def take_in(url, path, version, kind, key):
    from pathlib import Path

    from monitor_core.clock import now
    from monitor_core.performance.intake import PerformanceIntake
    from monitor_core.settings import PerformanceSettings
    from monitor_core.snapshots.roles import Role, Roles
    from monitor_core.snapshots.sources import open_source
    from monitor_core.storage.engine import open_engine
    from monitor_core.storage.trail import Trail
    from monitor_core.values import Granularity, ModelRef

    known = {"id": Role.ENTITY_ID, "when": Role.TIMESTAMP, "predicted": Role.PREDICTION, "score": Role.SCORE}
    source = open_source(Path(path))
    names = source.schema.names
    roles = Roles(tuple((name, known.get(name, Role.LABEL if name == "label" else Role.FEATURE)) for name in names))
    engine = open_engine(url)
    try:
        return PerformanceIntake(engine, Trail(engine, now), now).take_in(
            source,
            roles,
            ModelRef("churn", version),
            kind=kind,
            granularity=Granularity(),
            settings=PerformanceSettings(),
            idempotency_key=key,
            actor="ann",
        )
    finally:
        engine.dispose()


def main():
    from monitor_core.performance import intake, store
    from monitor_core.snapshots import files, parquet
    from monitor_core.storage import engine

    assert all((intake, store, files, parquet, engine))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are reaped by the system
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.close(0)
            take_in(*json.loads(line))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
