"""Rule files in Prometheus' format: read strictly, written the same way each time.

What Prometheus refuses is refused: unknown fields, a name twice, both `record` and `alert`, `for` on a recording rule.
Every scalar is read as text, as Prometheus does for labels, so that ``on: yes`` stays what was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor_core.errors import InvalidInput, MissingExtra
from monitor_core.metrics.rules import AlertingRule, Pairs, RecordingRule, Rule, RuleGroup, duration_of, duration_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta

__all__ = ["MOST_BYTES", "read_document", "read_rules", "write_document", "write_rules"]

MOST_BYTES = 1_000_000
_GROUP = {"name", "interval", "limit", "query_offset", "labels", "rules"}
_RECORD = {"record", "expr", "labels"}
_ALERT = {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}


def read_rules(text: str, *, name: str = "rules") -> tuple[RuleGroup, ...]:
    """Read a rule file.

    Parameters
    ----------
    text
        YAML.
    name
        What messages call the file.

    Raises
    ------
    InvalidInput
        Names the file, the group, the rule and what is wrong.

    Examples
    --------
    >>> groups = read_rules("groups: [{name: g, rules: [{alert: Down, expr: up == 0, for: 5m}]}]")
    >>> groups[0].rules[0].hold
    datetime.timedelta(seconds=300)
    """
    document = _mapping(read_document(text, name=name) or {}, name, {"groups"})
    groups = tuple(_group(item, name) for item in _list(document.get("groups"), f"{name}: groups"))
    names = [group.name for group in groups]
    if twice := sorted({item for item in names if names.count(item) > 1}):
        raise InvalidInput(f"{name}: groupname {twice[0]!r} is repeated in the same file")
    return groups


def read_document(text: str, *, name: str) -> Any:
    """Read YAML into dicts, lists and texts, nothing else; a key twice is an error."""
    if len(text) > MOST_BYTES:
        raise InvalidInput(f"{name} has {len(text):,} characters; {MOST_BYTES:,} are allowed")
    yaml = _yaml()
    try:
        return yaml.load(text, Loader=_loader())  # makes dicts, lists and texts only
    except yaml.YAMLError as error:
        raise InvalidInput(f"{name} is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise InvalidInput(f"{name} is nested too deeply") from None


def write_rules(groups: Sequence[RuleGroup], *, head: str = "") -> str:
    """Write a rule file; the same groups give the same text.

    Parameters
    ----------
    head
        Comment lines at the top, without ``#``.

    Examples
    --------
    >>> print(write_rules([RuleGroup("g", (AlertingRule("Down", "up == 0"),))]), end="")
    groups:
    - name: g
      rules:
      - alert: Down
        expr: up == 0
    """
    return write_document({"groups": [_group_out(group) for group in groups]}, head=head)


def write_document(document: Any, *, head: str = "") -> str:
    """Write dicts, lists, texts and numbers as YAML, in the order given; several lines as a block."""
    body = _yaml().dump(document, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=1000)
    return "".join(f"# {line}".rstrip() + "\n" for line in head.splitlines()) + str(body)


def _yaml() -> Any:
    try:
        import yaml  # noqa: PLC0415 - only who reads or writes files pays for it
    except ModuleNotFoundError:
        raise MissingExtra("rule files need PyYAML", hint="pip install 'bellwether-monitor[app]'") from None
    return yaml


def _loader() -> type:
    yaml = _yaml()

    class Loader(yaml.BaseLoader):  # type: ignore[misc, name-defined]
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if twice := sorted({key for key in keys if keys.count(key) > 1}):
                raise yaml.constructor.ConstructorError(None, None, f"{twice[0]!r} stands twice", node.start_mark)
            return dict(super().construct_mapping(node, deep))

    return Loader


def _dumper() -> type:
    yaml = _yaml()

    class Dumper(yaml.SafeDumper):  # type: ignore[misc, name-defined]
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's
            return True

    def text(dumper: Any, data: str) -> Any:
        style = "|" if "\n" in data else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, text)
    return Dumper


def _group(item: Any, file: str) -> RuleGroup:
    given = _mapping(item, f"{file}: a group", _GROUP)
    place = f"{file}: group {given.get('name', '')!r}"
    rules = tuple(_rule(rule, place) for rule in _list(given.get("rules"), f"{place}: rules"))
    try:
        return RuleGroup(
            _text(given.get("name", ""), f"{place}: name"),
            rules,
            interval=_interval(given, place),
            limit=_whole(given.get("limit", "0"), f"{place}: limit"),
            query_offset=duration_of(given.get("query_offset") or "0"),
            labels=_pairs(given.get("labels"), f"{place}: labels"),
        )
    except InvalidInput as error:
        raise InvalidInput(
            error.message if file in error.message else f"{file}: {error.message}", hint=error.hint
        ) from None


def _interval(given: Mapping[str, Any], place: str) -> timedelta | None:
    text = _text(given.get("interval") or "", f"{place}: interval")
    return duration_of(text) or None if text else None


def _rule(item: Any, place: str) -> Rule:
    given = _mapping(item, f"{place}: a rule", _RECORD | _ALERT)
    names = [key for key in ("record", "alert") if given.get(key)]
    if len(names) != 1:
        raise InvalidInput(f"{place}: a rule has either record or alert; given are {sorted(given)}")
    kind = names[0]
    title = f"{place}, rule {given[kind]!r}"
    _mapping(given, title, _RECORD if kind == "record" else _ALERT)
    try:
        return _built(kind, given, title)
    except InvalidInput as error:
        raise InvalidInput(
            f"{place}: {error.message}" if place not in error.message else error.message, hint=error.hint
        ) from None


def _built(kind: str, given: Mapping[str, Any], title: str) -> Rule:
    name, expr = _text(given[kind], title), _text(given.get("expr", ""), f"{title}: expr")
    labels = _pairs(given.get("labels"), f"{title}: labels")
    if kind == "record":
        return RecordingRule(name, expr, labels)
    return AlertingRule(
        name,
        expr,
        hold=duration_of(_text(given.get("for") or "0", f"{title}: for")),
        keep_firing=duration_of(_text(given.get("keep_firing_for") or "0", f"{title}: keep_firing_for")),
        labels=labels,
        annotations=_pairs(given.get("annotations"), f"{title}: annotations"),
    )


def _mapping(value: Any, place: str, allowed: Iterable[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InvalidInput(f"{place} is {_kind(value)}; fields with values are needed")
    if unknown := sorted(set(value) - set(allowed)):
        raise InvalidInput(f"{place}: field {unknown[0]!r} is not known; allowed are {', '.join(sorted(allowed))}")
    return value


def _list(value: Any, place: str) -> list[Any]:
    if value in (None, ""):
        return []
    if not isinstance(value, list):
        raise InvalidInput(f"{place} is {_kind(value)}; a list is needed")
    return value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"{place} is {_kind(value)}; a text is needed")
    return value


def _whole(value: Any, place: str) -> int:
    if not isinstance(value, str) or not value.isdecimal() or len(value) > 12:
        raise InvalidInput(f"{place} is {value!r}; a whole number is needed")
    return int(value)


def _pairs(value: Any, place: str) -> Pairs:
    if value in (None, ""):
        return ()
    if not isinstance(value, dict):
        raise InvalidInput(f"{place} is {_kind(value)}; names with texts are needed")
    return tuple(sorted((str(name), _text(item, f"{place}: {name}")) for name, item in value.items()))


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value[:60]!r}" if value else "empty"
    return "a list" if isinstance(value, list) else "a mapping"


def _group_out(group: RuleGroup) -> dict[str, Any]:
    out: dict[str, Any] = {"name": group.name}
    if group.interval is not None:
        out["interval"] = duration_text(group.interval)
    if group.query_offset:
        out["query_offset"] = duration_text(group.query_offset)
    if group.limit:
        out["limit"] = group.limit
    if group.labels:
        out["labels"] = dict(group.labels)
    return {**out, "rules": [_rule_out(rule) for rule in group.rules]}


def _rule_out(rule: Rule) -> dict[str, Any]:
    if isinstance(rule, RecordingRule):
        out: dict[str, Any] = {"record": rule.record, "expr": rule.expr}
    else:
        out = {"alert": rule.alert, "expr": rule.expr}
        if rule.hold:
            out["for"] = duration_text(rule.hold)
        if rule.keep_firing:
            out["keep_firing_for"] = duration_text(rule.keep_firing)
    if rule.labels:
        out["labels"] = dict(rule.labels)
    if isinstance(rule, AlertingRule) and rule.annotations:
        out["annotations"] = dict(rule.annotations)
    return out
