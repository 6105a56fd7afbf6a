"""What an upload can be for, and what became of a delivery, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.errors import Refused
from monitor_core.performance.binary import choose_words
from monitor_core.snapshots.roles import Role
from monitor_core.ui.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor_core.performance.results import Batch
    from monitor_core.snapshots.records import ColumnPreview, Purpose

__all__ = [
    "BAD_ROWS",
    "DELIVERED",
    "DELIVERIES",
    "PURPOSES",
    "TAKES",
    "counts_of",
    "delivered_words",
    "purpose_word",
    "role_options",
    "two_words",
]

PURPOSES: dict[str, Purpose] = {
    "Baseline": "baseline",
    "New data": "current",
    "Predictions": "predictions",
    "Labels": "labels",
}
"""What an upload can be for, as the page calls it."""

TAKES: dict[Purpose, str] = {
    "baseline": "What later data are compared with: training data, or a period that was good. With a prediction and a "
    "label in it, it also says how well the model did.",
    "current": "What the model sees now, judged against the baseline. With an entity id and a prediction, its rows "
    "count as predictions, too.",
    "predictions": "What the model said: an entity id, a date, a prediction or score; labels too, where known.",
    "labels": "What came true: an entity id and a label, in any order, late, partial or corrected. A date is only "
    "needed where an entity was predicted more than once.",
}
"""What each purpose takes, and what it is good for."""

DELIVERIES: tuple[Purpose, ...] = ("predictions", "labels")
"""Purposes that bring rows about performance and nothing else."""

BAD_ROWS: dict[str, str] = {"Keep the good rows": "keep", "Refuse the whole file": "refuse"}
"""What can be done with a delivery that holds bad rows."""

DELIVERED: dict[str, str] = {
    "Taken in": "n_accepted",
    "Known": "n_duplicates",
    "Corrected": "n_corrections",
    "Waiting": "n_orphans",
    "Refused": "n_refused",
}
"""What became of the rows of a delivery: column of the lists, field of a batch. Corrected and waiting ones are among
those taken in."""

_TAKEN: dict[Purpose, tuple[Role, ...]] = {
    "predictions": tuple(role for role in Role if role is not Role.FEATURE),
    "labels": (Role.ENTITY_ID, Role.TIMESTAMP, Role.LABEL, Role.LABEL_DATE, Role.IGNORED),
}
_CLASSES = 2


def purpose_word(purpose: str) -> str:
    """Return what the page calls a purpose.

    Examples
    --------
    >>> purpose_word("current"), purpose_word("labels")
    ('New data', 'Labels')
    """
    return next((word for word, known in PURPOSES.items() if known == purpose), purpose)


def role_options(purpose: Purpose) -> list[str]:
    """Return the roles that a column of such an upload may have.

    Examples
    --------
    >>> role_options("labels")
    ['entity_id', 'timestamp', 'label', 'label_date', 'ignored']
    """
    return [role.value for role in _TAKEN.get(purpose, tuple(Role))]


def two_words(columns: Sequence[ColumnPreview], roles: Mapping[str, Role]) -> tuple[str, ...]:
    """Return the words among which somebody should choose the positive one; empty where nothing has to be chosen.

    Numbers, truth values and the usual words (yes and no, true and false ...) say it themselves.
    """
    told = (Role.LABEL, Role.PREDICTION)
    found = {
        word.strip()
        for column in columns
        if roles.get(column.name) in told and column.kind == "categorical"
        for word in column.examples
    }
    try:
        words, _ = choose_words(found)
    except Refused:  # only one word so far, or more than two: taking the file in tells about the latter
        return tuple(sorted(found)) if len(found) < _CLASSES else ()
    return () if words is None else (words.negative, words.positive)


def counts_of(delivery: Mapping[str, object] | Batch) -> dict[str, int]:
    """Return what became of a delivery's rows, by the words of `DELIVERED`."""

    def read(name: str) -> object:
        return delivery.get(name, 0) if hasattr(delivery, "get") else getattr(delivery, name)

    return {word: int(str(read(name))) for word, name in DELIVERED.items()}


def delivered_words(delivery: Mapping[str, object] | Batch) -> str:
    """Return in one line what became of a delivery's rows; what did not occur is left out.

    Examples
    --------
    >>> delivered_words({"n_accepted": 1_200, "n_orphans": 3, "n_refused": 0})
    '1,200 rows taken in (3 waiting for their prediction)'
    """
    counts = counts_of(delivery)
    among = [f"{counts[word]:,} {said}" for word, said in _AMONG.items() if counts[word]]
    besides = [f"{counts[word]:,} {said}" for word, said in _BESIDES.items() if counts[word]]
    taken = f"{counted(counts['Taken in'], 'row')} taken in" + (f" ({', '.join(among)})" if among else "")
    return ", ".join([taken, *besides])


_AMONG = {"Corrected": "corrected what was known", "Waiting": "waiting for their prediction"}
_BESIDES = {"Known": "known before", "Refused": "refused"}
