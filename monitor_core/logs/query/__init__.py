"""The language of log searches: one small tree, parsed once, printed back, evaluated in plain Python.

`parse` reads a query, `write` prints its tree so that parsing gives the same tree again, `matches` says whether a row
answers it. Engines translate the tree; what they answer must equal `matches`.
"""

from monitor_core.logs.query.errors import QueryError
from monitor_core.logs.query.evaluate import matches
from monitor_core.logs.query.parser import parse
from monitor_core.logs.query.printer import write
from monitor_core.logs.query.rows import LogRow
from monitor_core.logs.query.tree import (
    And,
    Compare,
    Everything,
    Has,
    Is,
    Like,
    Node,
    Not,
    Or,
    Query,
    Timeline,
    Top,
    Words,
)

__all__ = [
    "And",
    "Compare",
    "Everything",
    "Has",
    "Is",
    "Like",
    "LogRow",
    "Node",
    "Not",
    "Or",
    "Query",
    "QueryError",
    "Timeline",
    "Top",
    "Words",
    "matches",
    "parse",
    "write",
]
