"""`rules`: recording and alerting rules in Prometheus' format, checked and tested."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor_core.alerts.rule_tests import run_cases
from monitor_core.cli.edge import FINDING
from monitor_core.cli.output import show
from monitor_core.cli.session import AsJson
from monitor_core.errors import InvalidInput
from monitor_core.metrics.rules import AlertingRule, RuleGroup
from monitor_core.metrics.rules_cases import read_cases
from monitor_core.metrics.rules_file import read_rules

app = typer.Typer(help="Recording and alerting rules.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A rule file of Prometheus.")], *, as_json: AsJson = False) -> None:
    """Check that a rule file can be evaluated here; exits with 2 when it cannot."""
    groups = read_rules(_text(file), name=str(file))
    rules = [rule for group in groups for rule in group.rules]
    alerting = sum(isinstance(rule, AlertingRule) for rule in rules)
    found = {"groups": len(groups), "recording": len(rules) - alerting, "alerting": alerting}
    words = f"{len(rules)} rules in {len(groups)} groups: {alerting} alerting, {len(rules) - alerting} recording"
    show(found, words, as_json=as_json)


@app.command("test")
def tell(
    file: Annotated[Path, typer.Argument(help="A test file as `promtool test rules` takes it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Run the tests of rules, with our own engine; exits with 1 when one fails."""
    cases = read_cases(_text(file), name=str(file))
    outcomes = run_cases(cases, _named(file, cases.rule_files))
    lines = [line for outcome in outcomes for line in (_verdict(outcome.name, outcome.failures), *outcome.failures)]
    show(outcomes, "\n".join(lines), as_json=as_json)
    if not all(outcome.is_passed for outcome in outcomes):
        raise typer.Exit(FINDING)


def _verdict(name: str, failures: tuple[str, ...]) -> str:
    return f"{'failed' if failures else 'passed'}  {name}"


def _named(file: Path, patterns: tuple[str, ...]) -> tuple[RuleGroup, ...]:
    """Read the rule files that a test names, relative to it."""
    paths = [path for pattern in patterns for path in (sorted(file.parent.glob(pattern)) or [file.parent / pattern])]
    groups = tuple(group for path in paths for group in read_rules(_text(path), name=str(path)))
    names = [group.name for group in groups]
    if len(set(names)) != len(names):
        raise InvalidInput(f"groups of one name in the rule files of {file}: {sorted(names)}")
    return groups


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from None
