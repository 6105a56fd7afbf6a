"""Random queries: never anything but an answer or a refusal, and the same as a real Prometheus gives."""

from __future__ import annotations

import math
import random
from contextlib import suppress

import pytest

from monitor_core.metrics.promql import BadQuery, Engine, ExecutionFailed, Limits

BASE = 1_700_000_000
NAMES = ("requests_total", "temperature", "info", "duration_bucket", "rare", "small", "nothing")
MATCHERS = ('job="api"', 'instance!="a"', 'code=~"5..|"', 'instance!~"b|c"', 'le="+Inf"', 'none=""')
SPANS = ("30s", "1m", "2m30s", "5m", "20m")
OVER_TIME = (
    *("rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets", "absent_over_time"),
    *("avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time"),
    *("stddev_over_time", "stdvar_over_time", "present_over_time"),
)
OF_VALUES = ("abs", "ceil", "floor", "exp", "ln", "sqrt", "sgn", "sin", "atan", "deg", "absent", "timestamp", "round")
AGGREGATES = ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")
ARITHMETIC = ("+", "-", "*", "/", "%", "^", "atan2")
COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
LABELS = ("job", "instance", "code", "le", "version")


class Grammar:
    """Makes queries whose answer does not depend on the order of series (no ties at topk)."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, choices):
        return self.random.choice(choices)

    def labels(self) -> str:
        return ", ".join(self.random.sample(LABELS, self.random.randrange(4)))

    def selector(self) -> str:
        chosen = self.random.sample(MATCHERS, self.pick((0, 0, 1, 2)))
        return self.pick(NAMES) + ("{" + ",".join(chosen) + "}" if chosen else "")

    def moved(self, text: str) -> str:
        ways = ["", "", "", " offset 3m", " offset -90s", f" @ {BASE + 2000}", " @ end()", f" @ {BASE + 900} offset 1m"]
        return text + self.pick(ways)

    def ranged(self, depth: int) -> str:
        if depth > 0 and self.random.random() < 0.3:
            step = self.pick(("", "15s", "1m", "45s"))
            return self.moved(f"({self.vector(depth - 1)})[{self.pick(SPANS)}:{step}]")
        return self.moved(f"{self.selector()}[{self.pick(SPANS)}]")

    def scalar(self, depth: int) -> str:
        ways = [lambda: self.pick(("0", "1", "-2.5", ".3", "1e3", "Inf", "NaN", "time()", "pi()"))]
        if depth > 0:
            ways += [
                lambda: f"scalar({self.vector(depth - 1)})",
                lambda: f"({self.scalar(depth - 1)} {self.pick(ARITHMETIC)} {self.scalar(depth - 1)})",
                lambda: f"({self.scalar(depth - 1)} {self.pick(COMPARISONS)} bool {self.scalar(depth - 1)})",
            ]
        return self.pick(ways)()

    def aggregated(self, depth: int) -> str:
        clause = self.pick(("", "", f" by ({self.labels()})", f" without ({self.labels()})"))
        body = self.vector(depth)
        ways = [
            *(f"{name}{clause} ({body})" for name in AGGREGATES),
            f"quantile{clause} ({self.scalar(0)}, {body})",
            f'count_values{clause} ("zvalue", round(info + {self.scalar(0)}))',
            f"topk{clause} ({self.pick((1, 2, 5))}, temperature)",
        ]
        return self.pick(ways)

    def combined(self, depth: int) -> str:
        left, right = self.vector(depth), self.vector(depth)
        way = self.random.random()
        if way < 0.25:
            return f"({left} {self.pick(ARITHMETIC + COMPARISONS)} {self.scalar(depth)})"
        if way < 0.35:
            return f"({self.scalar(depth)} {self.pick(COMPARISONS)} bool {right})"
        clause = self.pick(("", "", f" on ({self.labels()})", f" ignoring ({self.labels()})"))
        if way < 0.6:
            return f"({left} {self.pick(('and', 'or', 'unless'))}{clause} {right})"
        if clause and way < 0.8:
            clause += self.pick((" group_left ()", " group_right ()", " group_left (version)"))
        bool_word = self.pick((" bool", ""))
        operator = self.pick((*ARITHMETIC, *(name + bool_word for name in COMPARISONS)))
        return f"({left} {operator}{clause} {right})"

    def vector(self, depth: int) -> str:
        ways = [lambda: self.moved(self.selector())]
        if depth > 0:
            ways += [
                *[lambda: f"{self.pick(OVER_TIME)}({self.ranged(depth)})"] * 3,
                lambda: f"{self.pick(OF_VALUES)}({self.vector(depth - 1)})",
                *[lambda: self.aggregated(depth - 1)] * 3,
                *[lambda: self.combined(depth - 1)] * 3,
                # Without @: there, 2.42 gives these a value at the first step only.
                lambda: f"quantile_over_time({self.scalar(0)}, {self.selector()}[{self.pick(SPANS)}] offset 1m)",
                lambda: f"predict_linear({self.selector()}[{self.pick(SPANS)}], {self.scalar(0)})",
                lambda: f"histogram_quantile({self.scalar(0)}, sum by (le, job) (rate(duration_bucket[5m])))",
                lambda: f"clamp({self.vector(depth - 1)}, {self.scalar(0)}, {self.scalar(0)})",
                lambda: f'label_replace({self.vector(depth - 1)}, "new", "$1-x", "{self.pick(LABELS)}", "(.)(.*)")',
                lambda: f'label_join({self.vector(depth - 1)}, "job", "/", "job", "{self.pick(LABELS)}")',
                lambda: f"vector({self.scalar(depth - 1)})",
                lambda: f"-{self.vector(depth - 1)}",
                lambda: f"{self.pick(('hour', 'month', 'day_of_week'))}(timestamp({self.selector()}))",
            ]
        return self.pick(ways)()


def damaged(text: str, chance: random.Random) -> str:
    """Cut, double or exchange a few characters."""
    letters = list(text)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(letters) + 1)
        letters[place : place + chance.randrange(3)] = chance.choice(
            ("", "(", ")", "[", "]", '"', "{", "}", "\\", "@", "é", "5m", "\ud800", " by ", "^-", "0x", "\n", ":")
        )
    return "".join(letters)


def was_refused(engine: Engine, query: str) -> bool:
    """Tell whether a query is refused, as one with a place."""
    try:
        engine.query(query, BASE + 1000)
    except BadQuery as refused:
        return "parse error" in refused.message
    return False


@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("compat", [2, 3])
def test_random_queries_are_answered_or_refused(sample_reader, compat, delayed):
    """Nothing but a `QueryFailed` is ever raised, and answers come in their form."""
    engine = Engine(sample_reader, compat=compat, delayed_names=delayed, limits=Limits(samples=3_000_000, seconds=20))
    grammar, answered = Grammar(seed=compat * 2 + delayed), 0
    for number in range(150):
        query = grammar.vector(number % 4)
        try:
            grid = engine.query_range(query, BASE + 600, BASE + 3000, 300).value
            vector = engine.query(query, BASE + 1234.567).value
        except (BadQuery, ExecutionFailed):
            continue
        answered += 1
        assert grid.values.shape == grid.present.shape == (9, len(grid.labels)), query
        assert len(set(grid.labels)) == len(grid.labels), query
        assert len(vector.values) == len(set(vector.labels)), query
        assert all(not math.isnan(x) for x in grid.timestamps), query
    assert answered > 75


def test_damaged_queries_are_answered_or_refused(sample_reader):
    """Text that is no query gives `BadQuery` with a place, never a traceback."""
    engine, grammar, chance, refused = Engine(sample_reader), Grammar(seed=7), random.Random(7), 0
    for number in range(1500):
        query = damaged(grammar.vector(number % 3), chance)
        with suppress(ExecutionFailed):
            refused += was_refused(engine, query)
    assert refused > 500


@pytest.mark.prometheus
def test_random_queries_agree_with_a_real_server(comparison):
    """Refused there, refused here; answered there, answered here with the same points."""
    grammar, differing = Grammar(seed=11), {}
    for number in range(400):
        query = grammar.vector(1 + number % 3)
        difference = comparison.ranged(query, BASE + 300, BASE + 3900, 600) or comparison.instant(
            query, BASE + 2345.678
        )
        if difference:
            differing[query] = difference
    assert not differing, "\n".join(f"{query}: {cause}" for query, cause in differing.items())
    assert comparison.answered > 400
    assert comparison.points > 10_000
