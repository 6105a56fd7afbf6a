"""Nothing of one machine is in the repository."""

import re

SIGNS = {
    "a path of one machine": re.compile(r"(?<![\w.$~}])/(?:wo" r"rk|ro" r"ot|ho" r"me|Us" r"ers)/"),
    "a package registry": re.compile(r"find-lin" r"ks|index-ur" r"l|/sim" r"ple\b|py" r"pi\.org", re.IGNORECASE),
    "a key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}"),
}


def test_no_trace_of_a_machine(tracked):
    """No path, registry or key of whoever wrote it."""
    found = []
    for path in tracked:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.name}: {what} ({hit[0]!r})" for what, sign in SIGNS.items() if (hit := sign.search(text))]
    assert found == []


def test_generated_files_stay_out(tracked, root):
    """Databases, builds, notebooks' leftovers and large files are not tracked."""
    banned = {".db", ".sqlite", ".pyc", ".whl", ".parquet", ".pq", ".log"}
    large = [path.name for path in tracked if path.suffix in banned or path.stat().st_size > 1_500_000]
    assert large == []


def test_work_is_whole(tracked):
    """No note about work to be done later, no test that is switched off for good."""
    later = re.compile(r"\bTO" r"DO\b|\bFIX" r"ME\b|NotImplemented" r"Error\(\"(?:later|soon)")
    off = re.compile(r"mark\.(?:x" r"fail|sk" r"ip\()")
    sources = [path for path in tracked if path.suffix == ".py"]
    assert [path.name for path in sources if later.search(path.read_text(encoding="utf-8"))] == []
    assert [
        path.name for path in sources if off.search(path.read_text(encoding="utf-8")) and path.name != "conftest.py"
    ] == []
