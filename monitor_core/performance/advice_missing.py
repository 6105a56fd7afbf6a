"""What a verdict still needs, in words. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from monitor_core.performance.advice_phrases import counted, number
from monitor_core.performance.advice_rules import LackKind

if TYPE_CHECKING:
    from monitor_core.performance.advice_evidence import Evidence
    from monitor_core.performance.advice_rules import Lack

__all__ = ["have_and_need", "still_missing"]


def have_and_need(lack: Lack) -> str:
    """Say what there is and what is needed."""
    match lack.kind:
        case LackKind.BASELINE:
            return "there is no baseline"
        case LackKind.COVERAGE if lack.labels is None:
            return "no label is due yet"
        case LackKind.COVERAGE:
            arrived = f"{math.floor(1000.0 * lack.have) / 10.0:.1f} % of the labels that are due have arrived"
            return f"{arrived}, {100.0 * lack.need:.0f} % are needed"
        case _:
            return f"{number(lack.have)} {lack.kind.value} of the {number(lack.need)} needed"


def still_missing(lack: Lack, evidence: Evidence) -> str:
    """Say how much more is needed, and when it is expected."""
    match lack.kind:
        case LackKind.BASELINE:
            return "a baseline: a labelled test set, a past period, or bare values"
        case LackKind.COVERAGE if lack.labels is None:
            return "predictions whose label is due: there are none yet"
        case LackKind.COVERAGE:
            more = counted(math.ceil(lack.labels or 0.0), "more label")
            return f"{more} of predictions that are due{_when(lack, evidence)}"
        case LackKind.LABELLED:
            return f"{counted(math.ceil(lack.need - lack.have), 'more labelled prediction')}{_when(lack, evidence)}"
        case _:
            cases = math.ceil((lack.need - lack.have) * evidence.design_effect)
            return f"{counted(cases, 'more relevant case')}{_when(lack, evidence)}"


_LONGEST_WAIT = 36_525.0  # days


def _when(lack: Lack, evidence: Evidence) -> str:
    if lack.labels is None:
        return ", when cannot be told: there has been none so far"
    if not evidence.labels_per_day:
        return ""
    wait = lack.labels / evidence.labels_per_day
    if wait > _LONGEST_WAIT:
        return ", which at the present rate of labels would take more than a century"
    days = math.ceil(wait)
    return f", in about {counted(days, 'day')} at {counted(evidence.labels_per_day, 'label')} a day"
