"""Random queries and rows, from a small world so that they meet."""

from hypothesis import strategies as st

from monitor_core.logs.query import (
    And,
    Compare,
    Everything,
    Has,
    Is,
    Like,
    LogRow,
    Not,
    Or,
    Query,
    Timeline,
    Top,
    Words,
)
from monitor_core.logs.query.reading import is_plain_value, is_plain_word

VOCABULARY = ["timeout", "connection", "refused", "db", "7", "ärger", "retry", "slow", "x9"]
LOGGERS = ["api_predict", "api_health", "db.pool", "worker"]
NAMES = ["ticker", "latency_ms", "ok", "a.b", "note"]
TEXTS = ["AAPL", "MSFT", "aapl", "5", "true", "2026-11-21T10:00:00Z", "2026-11-21 x", "db timeout"]
NUMBERS = [-3, 0, 5, 5.0, 2.5, 700, 1e6, 10**12]
FIELDS = ["logger", "trace_id", "file", "kind", "message", "exception", *(f"context.{name}" for name in NAMES)]


def _words(quoted):
    text = " ".join(quoted)
    return Words(text, is_quoted=not is_plain_word(text))


words = st.lists(st.sampled_from([*VOCABULARY, "TIMEOUT", "predict"]), min_size=1, max_size=2).map(_words)
globs = st.sampled_from(["time*", "*ion", "re*d", "*e*"]).map(Words)


def _is(field, value, quoted):
    in_context = field.startswith("context.")
    plain = is_plain_value(value)
    return Is(field, value, is_quoted=(quoted and in_context) or not plain)


equal = st.one_of(
    st.builds(
        _is,
        st.sampled_from([f"context.{name}" for name in NAMES]),
        st.sampled_from([*TEXTS, "700", "2.5", "-3", "TRUE"]),
        st.booleans(),
    ),
    st.builds(_is, st.just("logger"), st.sampled_from(LOGGERS), st.just(False)),
    st.builds(
        _is,
        st.sampled_from(["message", "exception"]),
        st.sampled_from(["timeout", "db timeout", "Slow"]),
        st.just(False),
    ),
    st.builds(_is, st.just("trace_id"), st.sampled_from(["ab12", "AB12", "cd"]), st.just(False)),
    st.builds(Is, st.just("logger"), st.sampled_from(["api_*", "*pool", "**"])),
    st.builds(Is, st.sampled_from(["context.ticker", "context.note"]), st.sampled_from(["A*", "*L", "db*out"])),
    st.builds(Is, st.just("level"), st.sampled_from(["ERROR", "warn", "0", "35"])),
    st.builds(Is, st.just("ts"), st.sampled_from(["2026-11-21", "2026-11-21T10:00", "1970-01-01", "today"])),
    st.builds(Is, st.just("kind"), st.sampled_from(["app", "audit", "a*"])),
    st.builds(Is, st.just("file"), st.sampled_from(["app.log", "app.*", "audit.log"])),
)
operators = st.sampled_from(["<", "<=", ">", ">="])
compare = st.one_of(
    st.builds(Compare, st.just("level"), operators, st.sampled_from(["WARNING", "ERROR", "35", "DEBUG"])),
    st.builds(
        Compare, st.just("ts"), operators, st.sampled_from(["now-2h", "2026-11-21", "2026-11-21T10:00:00.5", "now"])
    ),
    st.builds(
        Compare,
        st.sampled_from(["context.latency_ms", "context.a.b"]),
        operators,
        st.sampled_from(["-3", "5", "2.5", "0", "1e6", "-0.5"]),
    ),
)
like = st.builds(
    Like,
    st.sampled_from(["message", "exception", "logger", "context.note", "context.ticker"]),
    st.sampled_from(["time.*", r"\d", "^conn", "A+PL", 'a"b', r"c\\d", ""]),
)
leaves = st.one_of(
    st.just(Everything()), words, globs, equal, compare, like, st.builds(Has, st.sampled_from([*FIELDS, "level", "ts"]))
)


def _joined(kind, parts):
    return kind(tuple(inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,))))


def _grown(inner):
    parts = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        parts.map(lambda found: _joined(And, found)), parts.map(lambda found: _joined(Or, found)), st.builds(Not, inner)
    )


nodes = st.recursive(leaves, _grown, max_leaves=8)
stages = st.one_of(
    st.none(),
    st.builds(Top, st.integers(1, 1000), st.sampled_from(["level", "logger", "context.ticker"])),
    st.builds(Timeline, st.integers(1, 999_999), st.one_of(st.none(), st.sampled_from(["level", "kind"]))),
)
queries = st.builds(Query, nodes, stages)

_DAY = 1_795_219_200_000_000  # 2026-11-21
moments = st.one_of(
    st.integers(_DAY - 10**11, _DAY + 2 * 10**11), st.sampled_from([_DAY, _DAY + 36_000_500_000, 0, -1])
)
scalars = st.one_of(st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.booleans())
texts = st.one_of(
    st.just(""),
    st.lists(st.sampled_from([*VOCABULARY, "Timeout:", "db_7", "-", "AAPL", 'a"b']), max_size=6).map(" ".join),
)
rows = st.builds(
    LogRow,
    moments,
    st.sampled_from([0, 10, 20, 30, 35, 40, 50]),
    st.sampled_from(["", *LOGGERS]),
    texts,
    texts,
    st.sampled_from(["", "ab12", "cd"]),
    st.lists(st.tuples(st.sampled_from(NAMES), scalars), max_size=4).map(tuple),
)
