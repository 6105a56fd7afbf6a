"""PromQL, answered here: a parser, an evaluation over all steps at once, and the types they give."""

from __future__ import annotations

from monitor_core.metrics.promql.engine import Engine, Limits
from monitor_core.metrics.promql.errors import BadQuery, ExecutionFailed, QueryFailed, QueryTimeout
from monitor_core.metrics.promql.reader import STALE, Matcher, MatchKind, MemoryReader, SeriesReader
from monitor_core.metrics.promql.results import Answer, Grid, Labels, Matrix, Scalar, String, Vector

__all__ = [
    "STALE",
    "Answer",
    "BadQuery",
    "Engine",
    "ExecutionFailed",
    "Grid",
    "Labels",
    "Limits",
    "MatchKind",
    "Matcher",
    "Matrix",
    "MemoryReader",
    "QueryFailed",
    "QueryTimeout",
    "Scalar",
    "SeriesReader",
    "String",
    "Vector",
]
