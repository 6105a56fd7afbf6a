"""Documents that cannot rot: links lead somewhere, commands exist, examples run."""

import re
import subprocess
from pathlib import Path

import pytest

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
DECISION = re.compile(r"# (\d{4})\. \S.*")
SECTIONS = ("## Context", "## Decision", "## Alternatives", "## Cost")


def decisions(root: Path) -> list[Path]:
    return sorted((root / "docs" / "decisions").glob("*.md"))


def test_decision_notes_are_short_and_whole(root):
    """At most 40 lines: context, decision, alternatives, cost, date."""
    wrong = {}
    for path in decisions(root):
        lines = path.read_text(encoding="utf-8").splitlines()
        title = DECISION.fullmatch(lines[0])
        faults = [section for section in SECTIONS if section not in lines]
        faults += [] if len(lines) <= 40 else [f"{len(lines)} lines"]
        faults += [] if title and path.name.startswith(f"{title[1]}-") else ["title and file name differ"]
        faults += [] if any(re.fullmatch(r"Date: \d{4}-\d{2}-\d{2}", line) for line in lines) else ["no date"]
        if faults:
            wrong[path.name] = faults
    assert wrong == {}


def test_decision_numbers_are_unique(root):
    """A number names one decision."""
    numbers = [path.name[:4] for path in decisions(root)]
    assert len(numbers) == len(set(numbers))


def test_links_inside_the_repository_lead_somewhere(documents, root):
    """Each relative link is a file, and a heading where it names one."""
    broken = []
    for document in documents:
        for groups in LINK.findall(document.read_text(encoding="utf-8")):
            target = groups[0] or groups[1]
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (document.parent / name).resolve() if name else document
            if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
                broken.append(f"{document.relative_to(root)}: {target}")
    assert broken == []


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_make_targets_in_documents_exist(documents, root):
    """No document names a target that is not there."""
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        (document.name, target)
        for document in documents
        for target in re.findall(
            r"(?:^|`)make ([a-z-]+)(?=`|$| +#| +[A-Z]+=)", document.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert {(name, target) for name, target in named if target not in targets} == set()


def test_help_lists_every_public_target(root):
    """`make help` shows each target that a person calls."""
    shown = subprocess.run(["make", "help"], cwd=root, check=True, capture_output=True, text=True).stdout
    assert {"run", "test", "fmt", "lint", "types", "rooms", "cover", "bench", "check", "clean", "help"} <= set(
        re.findall(r"make ([a-z-]+)", shown)
    )


def blocks() -> list[tuple[str, str]]:
    root = Path(__file__).resolve().parent.parent.parent
    found = []
    for path in sorted([root / "README.md", *root.glob("docs/*.md")]):
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        examples = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        found += [(f"{path.name}-{number}", example) for number, example in enumerate(examples)]
    return found


@pytest.mark.parametrize("example", [text for _, text in blocks()], ids=[name for name, _ in blocks()])
def test_python_examples_run(example, tmp_path, monkeypatch):
    """What a reader copies works, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "<example>", "exec"), {"__name__": "__example__"})
