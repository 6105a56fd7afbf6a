"""A process that is killed while it takes files in loses no accepted file and leaves no half one."""

import hashlib
import random
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from monitor_core.clock import now
from monitor_core.storage.engine import open_engine

STAGE_FOR_EVER = """
import io, itertools, sys
from pathlib import Path
from monitor_core.clock import now
from monitor_core.settings import Settings
from monitor_core.snapshots.service import SnapshotService
from monitor_core.storage.engine import open_engine
from monitor_core.storage.trail import Trail
from monitor_core.values import ModelRef

engine = open_engine(sys.argv[1])
service = SnapshotService(engine, Settings(data_dir=Path(sys.argv[2])), Trail(engine, now), now)
print("ready", flush=True)
for n in itertools.count():
    data = b"a\\n" + f"{n}\\n".encode() * 500_000
    service.stage(io.BytesIO(data), filename=f"{n}.csv", ref=ModelRef("churn", "1"), purpose="current", actor="ana")
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_upload_leaves_whole_files_only(seed, database_url, tmp_path, lab, clock):
    """Every row has its complete file; folders without a row go with the next pruning."""
    engine = open_engine(database_url)
    lab.add_model(engine)
    command = [sys.executable, "-c", STAGE_FOR_EVER, database_url, str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        time.sleep(random.Random(seed).uniform(0.2, 0.8))
        process.kill()
    service = lab.make_service(engine, tmp_path / "data", clock)
    staged = service.list()
    for snapshot in staged:
        data = (tmp_path / "data" / "staged" / snapshot.snapshot_id / "upload").read_bytes()
        assert hashlib.sha256(data).hexdigest() == snapshot.sha256
    service.prune(now() + timedelta(hours=3))
    left = {folder.name for folder in (tmp_path / "data" / "staged").iterdir()}
    assert left == {snapshot.snapshot_id for snapshot in staged}
    engine.dispose()
