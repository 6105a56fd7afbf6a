"""`audit verify --logs` and `audit prove`."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from monitor_core.logs import log_prediction_audit, setup_logging


@pytest.fixture
def folder(tmp_path):
    """Give a folder with a sealed day of three predictions and a running one of one, signed."""
    moment = [datetime(2026, 11, 21, 12, tzinfo=UTC)]
    root, audit = logging.getLogger(), logging.getLogger("audit")
    before = list(root.handlers), root.level, audit.level
    setup_logging(log_dir=tmp_path / "logs", stdout=False, now=lambda: moment[0], audit_key=b"key")
    for number in range(4):
        moment[0] += timedelta(days=number == 3)
        log_prediction_audit(f"e{number}", "2026-11-21", 1, 0.5, "1.0.0", f"t{number}")
    for log in (root, audit):
        for handler in [handler for handler in log.handlers if handler not in before[0]]:
            log.removeHandler(handler)
            handler.close()
            handler.wait()
    root.setLevel(before[1])
    audit.setLevel(before[2])
    audit.propagate = True
    (tmp_path / "key").write_bytes(b"key\n")
    return tmp_path / "logs"


def test_an_intact_trail(cli, folder, tmp_path):
    """Records, seals and an anchor to keep; the anchor holds later."""
    found = cli("audit", "verify", "--logs", folder, "--key-file", tmp_path / "key", as_json=True)
    assert found.code == 0
    assert (found.out["intact"], found.out["records"], found.out["sealed_days"], found.out["unsealed"]) == (
        True,
        4,
        1,
        1,
    )
    anchor = f"4:{found.out['last_hash']}"
    assert cli("audit", "verify", "--logs", folder, "--anchor", anchor).code == 0
    assert f"the last is {anchor}" in cli("audit", "verify", "--logs", folder).out


def test_a_broken_trail(cli, folder):
    """Exit code 1, with file and line."""
    path = folder / "audit.log"
    path.write_bytes(path.read_bytes().replace(b"e3", b"e9", 1))
    found = cli("audit", "verify", "--logs", folder)
    assert found.code == 1
    assert "the trail is broken: audit.log, line 1: its content was changed" in found.out


def test_a_wrong_key(cli, folder, tmp_path):
    """A seal made without the key is named; a key file that is none, too."""
    (tmp_path / "other").write_bytes(b"other")
    found = cli("audit", "verify", "--logs", folder, "--key-file", tmp_path / "other")
    assert (found.code, "does not bear the key's signature" in found.out) == (1, True)
    (tmp_path / "empty").write_bytes(b"")
    for name in ("empty", "missing"):
        assert cli("audit", "verify", "--logs", folder, "--key-file", tmp_path / name).code == 2


@pytest.mark.parametrize("anchor", ["4", "4:abc", "x:" + "0" * 64])
def test_no_anchor(cli, folder, anchor):
    """What is none is said."""
    found = cli("audit", "verify", "--logs", folder, "--anchor", anchor)
    assert (found.code, "is not an anchor" in found.err) == (2, True)


def test_a_proof(cli, folder):
    """JSON with the record; no proof of today's."""
    proof = json.loads(cli("audit", "prove", folder, 2).out)
    assert (proof["record"]["bse_code"], proof["index"], proof["size"]) == ("e1", 1, 3)
    found = cli("audit", "prove", folder, 4)
    assert (found.code, "in no sealed day" in found.err) == (2, True)


def test_a_wrong_folder(cli, tmp_path):
    """No trail there."""
    found = cli("audit", "verify", "--logs", tmp_path)
    assert (found.code, "no audit trail" in found.err) == (2, True)
