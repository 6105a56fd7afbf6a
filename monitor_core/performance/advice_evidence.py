"""What an advice rests on, checked when it is put together. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TypeAlias

from monitor_core.errors import InvalidInput

__all__ = ["Evidence", "Pair"]

Pair: TypeAlias = tuple[float, float]
"""True positives, and errors (false positives and false negatives)."""

_PAIRS = ("current", "baseline", "previous")
_COUNTS = ("predictions", "labelled", "false_positives", "false_negatives")
_AMOUNTS = (
    "worst_psi",
    "previous_age_days",
    "switching_cost",
    "cost_false_positive",
    "cost_false_negative",
    "predictions_per_day",
    "labels_per_day",
)
_SHARES = ("drift_share", "baseline_f1")
_EFFECTS = ("design_effect", "design_effect_dof", "previous_design_effect", "baseline_design_effect")
_FLAGS = ("sustained",)
_TEXTS = ("model", "version", "previous_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that an advice rests on. Counts need not be whole; all must be finite and 0 or more.

    Attributes
    ----------
    current, baseline, previous
        (TP, FP + FN) of the version in service over the window under judgement, of its baseline, and of the version
        that served before it. None where there is none.
    predictions
        Predictions of the window whose label is due by now.
    labelled
        Those whose label has arrived.
    design_effect
        How much more days (or entities) vary than independent rows would, 1 or more: the counts of `current` weigh
        like that many times fewer.
    design_effect_dof
        Clusters - 1: degrees of freedom of Student's t for the interval of F1, the same as a window's. None: the normal
        distribution.
    previous_design_effect
        The design effect of `previous`; None: as for `current`.
    baseline_design_effect
        The same for `baseline`; a test set of independent rows has 1.
    baseline_f1
        The baseline's F1 as a bare value, where its counts are not known. It is taken as exact, and said so.
    drift_share, worst_psi
        Share of drifted features, 0..1, and the largest PSI among them; None where drift was not measured.
    data_fault
        Whether the input data are at fault (missing columns, sentinels, a changed unit): what it is in words, or True.
    previous_age_days
        Days since the previous version last served.
    sustained
        Whether the sequential alarm has gone off for this version.
    switching_cost
        What changing the version costs, in F1.
    false_positives, false_negatives
        How the errors of `current` divide; their sum must be its errors.
    cost_false_positive, cost_false_negative, predictions_per_day
        With all three, and the two above, losses are in money a day.
    labels_per_day
        At which labels arrive: says when missing evidence is expected.
    paired
        Counts of labelled rows that both versions predicted, at 4 * label + 2 * current + previous (eight of them).
    model, version, previous_version
        Names for the command.

    Raises
    ------
    InvalidInput
        Names the field, the value and what was allowed.

    Examples
    --------
    >>> Evidence(current=(84, 83), baseline=(450, 350), predictions=1234, labelled=1234).effective_relevant
    167.0
    """

    current: Pair
    baseline: Pair | None = None
    previous: Pair | None = None
    predictions: float
    labelled: float
    design_effect: float = 1.0
    design_effect_dof: float | None = None
    previous_design_effect: float | None = None
    baseline_design_effect: float = 1.0
    baseline_f1: float | None = None
    drift_share: float | None = None
    worst_psi: float | None = None
    data_fault: bool | str = False
    previous_age_days: float = 0.0
    sustained: bool = False
    switching_cost: float = 0.005
    false_positives: float | None = None
    false_negatives: float | None = None
    cost_false_positive: float | None = None
    cost_false_negative: float | None = None
    predictions_per_day: float | None = None
    labels_per_day: float | None = None
    paired: tuple[float, ...] | None = None
    model: str = ""
    version: str = ""
    previous_version: str = ""

    def __post_init__(self) -> None:
        """Check each field, then that they agree."""
        optional = {field.name for field in fields(self) if field.default is None}
        checks = (
            (_PAIRS, _check_pair),
            (_COUNTS, _check_amount),
            (_AMOUNTS, _check_amount),
            (_SHARES, _check_share),
            (_EFFECTS, _check_effect),
            (_FLAGS, _check_flag),
            (_TEXTS, _check_text),
            (("data_fault",), _check_fault),
            (("paired",), _check_cells),
        )
        for names, check in checks:
            for name in names:
                value = getattr(self, name)
                if value is not None or name not in optional:
                    check(name, value)
        self._check_agreement()

    @property
    def relevant(self) -> float:
        """Relevant cases of the window: what F1 rests on."""
        return float(sum(self.current))

    @property
    def effective_relevant(self) -> float:
        """As many independent cases would weigh the same."""
        return self.relevant / self.design_effect

    @property
    def coverage(self) -> float | None:
        """Labelled over due; None when nothing is due."""
        return self.labelled / self.predictions if self.predictions else None

    def _check_agreement(self) -> None:
        if self.labelled > self.predictions:
            raise _invalid("labelled", self.labelled, f"at most the {self.predictions:,} predictions that are due")
        if self.relevant > self.labelled:
            raise _invalid("current", self.current, f"(TP, FP + FN) among the {self.labelled:,} labelled predictions")
        if self.baseline is not None and self.baseline_f1 is not None:
            raise _invalid("baseline_f1", self.baseline_f1, "None where the baseline's counts are given")
        wrong, missed = self.false_positives, self.false_negatives
        if (wrong is None) != (missed is None):
            raise _invalid("false_positives, false_negatives", (wrong, missed), "both or neither")
        if wrong is not None and missed is not None and not math.isclose(wrong + missed, self.current[1]):
            raise _invalid("false_positives + false_negatives", wrong + missed, f"{self.current[1]}, current's errors")


def _invalid(name: str, value: object, allowed: str) -> InvalidInput:
    return InvalidInput(f"{name} is {value!r}", hint=f"allowed: {allowed}")


def _is_amount(value: object) -> bool:
    if isinstance(value, bool):
        return False
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever a caller passed
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str) and math.isfinite(number) and number >= 0.0


def _check_amount(name: str, value: object) -> None:
    if not _is_amount(value):
        raise _invalid(name, value, "a finite number, 0 or more")


def _check_pair(name: str, value: object) -> None:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(map(_is_amount, value)):
        raise _invalid(name, value, "(true positives, false positives + false negatives), both finite and 0 or more")


def _check_share(name: str, value: object) -> None:
    if not _is_amount(value) or float(value) > 1.0:  # type: ignore[arg-type]  # a number by now
        raise _invalid(name, value, "a number from 0 to 1")


def _check_effect(name: str, value: object) -> None:
    if not _is_amount(value) or float(value) < 1.0:  # type: ignore[arg-type]  # a number by now
        raise _invalid(name, value, "a finite number, 1 or more")


def _check_flag(name: str, value: object) -> None:
    if value is not True and value is not False:
        raise _invalid(name, value, "True or False")


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise _invalid(name, value, "text")


def _check_fault(name: str, value: object) -> None:
    if not isinstance(value, (bool, str)):
        raise _invalid(name, value, "True, False, or what is wrong in words")


def _check_cells(name: str, value: object) -> None:
    if not isinstance(value, (tuple, list)) or len(value) != 8 or not all(map(_is_amount, value)):
        raise _invalid(name, value, "eight counts, at 4 * label + 2 * current + previous")
