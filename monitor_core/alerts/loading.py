"""The rules to evaluate: our own, and files in Prometheus' format."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor_core.errors import InvalidInput
from monitor_core.metrics.rules_default import default_rules
from monitor_core.metrics.rules_file import read_rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor_core.metrics.rules import RuleGroup
    from monitor_core.metrics.rules_default import Objectives

__all__ = ["load_rules"]


def load_rules(
    files: Sequence[Path] = (), *, objectives: Objectives | None = None, has_defaults: bool = True
) -> tuple[RuleGroup, ...]:
    """Return our own groups of rules, then those of files; a file's groups carry its name, as in Prometheus.

    Parameters
    ----------
    files
        In the order of evaluation.
    objectives
        What our own rules hold the service to.
    has_defaults
        Whether our own are among them.

    Raises
    ------
    InvalidInput
        Names the file that cannot be read, or the place in it that cannot be evaluated.

    Examples
    --------
    >>> len(load_rules())
    6
    """
    groups = list(default_rules(objectives)) if has_defaults else []
    for path in files:
        groups += [
            replace(group, name=f"{path.name};{group.name}") for group in read_rules(_text(path), name=str(path))
        ]
    names = [path.name for path in files]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidInput(f"two rule files are called {twice[0]!r}", hint="alerts are told apart by file and group")
    return tuple(groups)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"rule file {path} cannot be read: {error}") from None
