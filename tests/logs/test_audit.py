"""The predictions' trail in its files: chained across processes, sealed by day, checked and proved."""

import gzip
import json
import logging
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from monitor_core.audit.lines import read_link
from monitor_core.audit.merkle import Proof, is_included
from monitor_core.errors import Conflict, InvalidInput, NotFound, Unavailable
from monitor_core.logs import log_prediction_audit, setup_logging
from monitor_core.logs.audit_check import check_audit
from monitor_core.logs.seals import audit_files, lines_of, prove_record, read_seals, seal_days, verify_seals

KEY = b"a key kept elsewhere"


def predict(number=0, **options):
    log_prediction_audit(f"e{number}", "2026-11-21", number % 2, 0.5, "1.0.0", f"t{number}", **options)


@pytest.fixture
def trail(folder, clock, settle):
    """Three days of five predictions each, the last one running."""
    setup_logging(log_dir=folder, stdout=False, now=clock, audit_key=KEY, max_bytes=900)
    for number in range(15):
        predict(number)
        if number in {4, 9}:
            clock.advance(days=1)
    settle()
    seal_days(folder, today="2026-11-23", key=KEY)
    return folder


def files(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("audit."))


def test_one_chain_over_days_and_parts(trail):
    """Files closed by size and by midnight, compressed and running: one chain, with a seal a day."""
    assert len(files(trail)) > 5
    found = check_audit(trail, key=KEY)
    assert (found.records, found.first, found.last, found.broken) == (15, 1, 15, "")
    assert (found.sealed_days, found.unsealed) == (2, 5)


def test_again_and_other_processes_go_on(folder, clock):
    """A new start, and another handler on the same file, continue the chain."""
    for _ in range(3):
        setup_logging(log_dir=folder, stdout=False, now=clock)
        predict()
    assert check_audit(folder).records == 3


def test_after_a_rotation_the_chain_goes_on(folder, clock, settle):
    """A process that starts with nothing but compressed days."""
    setup_logging(log_dir=folder, stdout=False, now=clock)
    predict()
    clock.advance(days=1)
    setup_logging(log_dir=folder, stdout=False, now=clock)
    settle()
    (folder / "audit.log").unlink(missing_ok=True)
    for name in files(folder):
        if name == "audit.log.2026-11-21":
            (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
            (folder / name).unlink()
    setup_logging(log_dir=folder, stdout=False, now=clock)
    predict()
    assert json.loads((folder / "audit.log").read_text())["sequence"] == 2


def rewrite(path, change):
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    data = change(data)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def test_deeds_are_named_with_their_place(trail):
    """File, line, and why."""
    path = trail / "audit.log"
    rewrite(path, lambda data: data.replace(b'"t14"', b'"t99"'))
    count = len(path.read_bytes().splitlines())
    assert check_audit(trail).broken == f"audit.log, line {count}: its content was changed"


def test_a_removed_file_is_named(trail):
    """A part of a day, a whole day in the middle: the next record tells."""
    shutil.copytree(trail, trail.parent / "copy")
    (trail / "audit.log.2026-11-21.1.gz").unlink()
    assert "is missing" in check_audit(trail).broken
    copy = trail.parent / "copy"
    for name in files(copy):
        if name.startswith("audit.log.2026-11-22"):
            (copy / name).unlink()
    assert check_audit(copy).broken.endswith("record 6 is missing")


def test_a_cut_end(trail):
    """Up to the last seal it is noticed; after it only with an anchor kept elsewhere."""
    found = check_audit(trail)
    rewrite(trail / "audit.log", lambda data: b"".join(data.splitlines(keepends=True)[:-1]))
    assert check_audit(trail).broken == ""
    assert "record 15, which was anchored, is missing" in check_audit(trail, anchors=[(15, found.last_hash)]).broken
    for name in files(trail):
        if name.startswith(("audit.log.2026-11-22", "audit.log.2026-11-23")) or name == "audit.log":
            (trail / name).unlink()
    assert "record 10, which was anchored, is missing" in check_audit(trail).broken


def test_retention_leaves_a_sound_trail(trail):
    """The first day is gone, its seal stays: the rest follows it."""
    for name in files(trail):
        if name.startswith("audit.log.2026-11-21"):
            (trail / name).unlink()
    found = check_audit(trail, key=KEY)
    assert (found.records, found.first, found.broken) == (10, 6, "")


def test_retention_seals_first(folder, clock, settle):
    """A service that was away for a year seals its old days before they go."""
    setup_logging(log_dir=folder, stdout=False, now=clock)
    predict()
    clock.advance(days=400)
    predict()
    settle()
    assert "audit.log.2026-11-21.gz" not in files(folder)
    assert [seal.day for seal in read_seals(folder)] == ["2026-11-21"]
    assert check_audit(folder).broken == ""


def test_seals_are_chained_and_signed(trail):
    """A seal that was changed, removed or made without the key is named."""
    first, second = read_seals(trail)
    assert verify_seals([first, second], key=KEY) == ""
    assert "does not bear" in verify_seals([first, second], key=b"another")
    assert "does not follow" in verify_seals([second])
    rewrite(trail / "audit.seals", lambda data: data.replace(first.root.encode(), b"0" * 64))
    assert check_audit(trail).broken == "the seal of 2026-11-21 was changed"
    (trail / "audit.seals").write_text("no seal\n")
    with pytest.raises(InvalidInput, match="line 1 is not a seal"):
        check_audit(trail)


def test_what_is_broken_is_not_sealed(folder, clock, settle):
    """A seal says that a day is whole."""
    setup_logging(log_dir=folder, stdout=False, now=clock)
    settle()
    predict(1)
    predict(2)
    rewrite(folder / "audit.log", lambda data: data.replace(b'"t1"', b'"t9"'))
    (folder / "audit.log").rename(folder / "audit.log.2026-11-21")
    (folder / ".__audit.lock").write_text("2026-11-22\n")
    with pytest.raises(Conflict, match="line 1: its content was changed"):
        seal_days(folder, today="2026-11-22")


def test_the_running_day_is_not_sealed(folder, clock, settle):
    """A service that sleeps over midnight writes its first record of today before yesterday is sealed."""
    setup_logging(log_dir=folder, stdout=False, now=clock, max_bytes=300)
    settle()
    predict(1)
    predict(2)
    settle()
    assert seal_days(folder, today="2026-11-22") == ()
    clock.advance(days=1)
    predict(3)
    settle()
    assert [(seal.first, seal.last) for seal in read_seals(folder)] == [(1, 2)]


@pytest.mark.parametrize("sequence", range(1, 11))
def test_a_proof_stands_alone(trail, sequence):
    """Record, path and root: checked without the files, with a hash function only."""
    proof = prove_record(trail, sequence)
    content = json.dumps(proof["record"], sort_keys=True, separators=(",", ":"))
    text = f"bellwether/predictions/1\0{proof['previous']}\0{sequence}\0{content}"
    assert sha256(text.encode()).hexdigest() == proof["hash"]
    path = Proof(proof["index"], proof["size"], tuple(proof["path"]))
    assert is_included(proof["hash"], path, proof["seal"]["root"])
    assert proof["record"]["trace_id"] == f"t{sequence - 1}"


def test_what_cannot_be_proved(trail):
    """A record of today, of no day, of a day that is gone."""
    for sequence in (15, 99):
        with pytest.raises(NotFound, match="in no sealed day"):
            prove_record(trail, sequence)
    (trail / "audit.log.2026-11-21.gz").unlink()
    with pytest.raises(NotFound, match="not complete"):
        prove_record(trail, 1)


def test_no_trail(folder):
    """A wrong folder is said."""
    with pytest.raises(NotFound, match="no audit trail"):
        check_audit(folder)


def _work(folder, number, barrier, began):
    """Write while a clock that all processes share runs through two midnights, as the writing goes on."""
    start = datetime(2026, 11, 23, 6, tzinfo=UTC)

    def now():
        return start + timedelta(days=2 * began.value / 1_600)

    setup_logging(log_dir=folder, stdout=False, max_bytes=60_000, now=now)
    barrier.wait()
    for index in range(400):
        with began.get_lock():
            began.value += 1
        predict(index, user_id=f"w{number}")
    for handler in logging.getLogger("audit").handlers:
        handler.wait()


def test_four_processes_write_one_chain(folder):
    """At once, through midnights and full files: nothing lost, one chain, each day sealed once."""
    context = multiprocessing.get_context("spawn")
    barrier, began = context.Barrier(4), context.Value("i", 0)
    workers = [context.Process(target=_work, args=(folder, number, barrier, began)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    seal_days(folder, today="2026-11-25")
    found = check_audit(folder)
    assert (found.records, found.broken) == (1_600, "")
    assert [seal.day for seal in read_seals(folder)] == ["2026-11-23", "2026-11-24"]


def test_a_clock_that_was_wrong(folder, clock, settle):
    """Days ahead, then set right: the chain and its seals follow the records, not the dates of the files."""
    setup_logging(log_dir=folder, stdout=False, now=clock, max_bytes=300)
    settle()
    for days in (0, 10, -10, 1, 1):
        clock.advance(days=days)
        predict(1)
        predict(2)
        settle()
    found = check_audit(folder)
    assert (found.records, found.broken) == (10, "")
    assert found.sealed_days >= 2


def test_a_damaged_file(trail, clock, settle):
    """Cut short or no gzip at all: named by the check, and the service goes on writing."""
    path = trail / "audit.log.2026-11-22.gz"
    whole = path.read_bytes()
    for damaged in (whole[:-20], b"no gzip", whole[:40] + b"\xff" * 20 + whole[60:]):
        path.write_bytes(damaged)
        assert "audit.log.2026-11-22.gz" in check_audit(trail).broken
    setup_logging(log_dir=trail, stdout=False, now=clock)
    predict(99, on_failure="raise")
    settle()


def test_a_torn_record_is_taken_back(folder, clock):
    """Half a record, from a machine without power, is none: the chain goes on after the last whole one."""
    setup_logging(log_dir=folder, stdout=False, now=clock)
    predict(1)
    with (folder / "audit.log").open("ab") as file:
        file.write(b'{"bse_code":"e2","le')
    setup_logging(log_dir=folder, stdout=False, now=clock)
    predict(3)
    assert check_audit(folder).records == 2
    assert check_audit(folder).broken == ""


def test_a_record_that_cannot_be_written(tmp_path, capfd):
    """Counted and said; or, where no record means no prediction, raised."""
    with pytest.raises(Unavailable, match="setup_logging"):
        predict(on_failure="raise")
    (tmp_path / "logs").write_text("not a folder")
    setup_logging(log_dir=tmp_path / "logs", stdout=False)
    predict()
    assert "cannot write" in capfd.readouterr().err
    with pytest.raises(Unavailable, match="was not written"):
        predict(on_failure="raise")


def test_a_full_disk_leaves_no_gap(tmp_path):
    """Records that found no room are not in the chain, and those after are."""
    program = """
import resource, signal, sys
from monitor_core.logs import log_prediction_audit, setup_logging
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
setup_logging(log_dir=sys.argv[1], stdout=False)
def write(length): log_prediction_audit("e" * length, "2026-11-21", 1, .5, "1", "t")
write(10)
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
write(2000); write(2000); write(10)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True, timeout=60
    )
    assert "2 lines were lost" in done.stderr
    assert (check_audit(tmp_path).records, check_audit(tmp_path).broken) == (2, "")


def test_records_of_any_size(folder, clock):
    """Features beyond all bounds are cut like everything else, and the chain holds."""
    setup_logging(log_dir=folder, stdout=False, now=clock)
    predict(1, features={f"feature {i}": "é\x00" * 9_000 for i in range(300)}, input_hash="ab")
    predict(2, features={"x": float("nan"), "y": object()})
    lines = (folder / "audit.log").read_bytes().splitlines()
    assert len(lines[0]) <= 256 * 1024
    assert read_link(lines[1]).sequence == 2
    assert check_audit(folder).broken == ""
    assert os.stat(folder / "audit.log").st_size == sum(map(len, lines)) + 2  # noqa: PTH116


def test_the_few_lines_of_the_documents(trail):
    """What the guide gives to check with is right, for chain and proofs."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "logging.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(import hashlib.*?)```", text, re.DOTALL)
    names = {}
    exec(compile(example, "<example>", "exec"), names)
    lines = [line for path in audit_files(trail) for line in lines_of(path)]
    assert names["check"](lines) == 15
    assert names["check"]([*lines[:7], lines[7].replace(b'"t7"', b'"t0"'), *lines[8:]]) == 7
    for sequence in range(1, 11):
        proof = prove_record(trail, sequence)
        assert names["proves"](proof)
        assert not names["proves"](proof | {"hash": "0" * 64})
