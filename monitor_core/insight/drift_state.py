"""What the latest drift run says that an advice on performance needs to know. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor_core.drift.results import CellState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor_core.drift.results import FeatureDrift, GranuleDrift

__all__ = ["DriftState", "drift_state"]

_FEED_SHARE = 0.05
"""A share of missing or out-of-range values that rose by this much points at the feed, not at the world."""
_RENAMED_SHARE = 0.5
"""From this share on, levels never seen look like a renamed or re-coded feature; fewer are news of the world."""
_SEEN = {CellState.DRIFTED, CellState.UNCONFIRMED}
_JUDGED = {CellState.STABLE, *_SEEN}
_NAMED = 3


@dataclass(frozen=True, slots=True)
class DriftState:
    """Drift of the inputs in one granule.

    Attributes
    ----------
    granule
        Its label.
    share
        Features that drifted (significant, large enough, and confirmed) over those that could be judged; None when
        none could.
    worst_psi
        Largest PSI among the features that drifted; 0 when none did: a large PSI within noise is none. None likewise.
    fault
        What points at the feed, in words; empty when nothing does.
    """

    granule: str
    share: float | None
    worst_psi: float | None
    fault: str


def drift_state(granule: GranuleDrift) -> DriftState:
    """Return what matters of a granule's drift; predictions and scores are not inputs and do not count."""
    features = [feature for feature in granule.features if feature.role == "feature"]
    judged = [feature for feature in features if feature.state in _JUDGED]
    drifted = [feature for feature in judged if feature.state is CellState.DRIFTED]
    faults = [words for feature in features for words in _faults(feature)]
    return DriftState(
        granule.granule,
        share=len(drifted) / len(judged) if judged else None,
        worst_psi=max((feature.psi or 0.0 for feature in drifted), default=0.0) if judged else None,
        fault=_joined(faults),
    )


def _faults(feature: FeatureDrift) -> Iterator[str]:
    """Say what is wrong with the feed of one feature, if anything; sizes count only beyond noise."""
    if feature.state is CellState.ABSENT:
        yield f"{feature.name}: the column is not there"
    if feature.state not in _SEEN:
        return
    if feature.psi is None:
        yield f"{feature.name}: the type changed"
    before = feature.missing_share_baseline or 0.0
    if (feature.missing_share or 0.0) - before >= _FEED_SHARE:
        yield f"{feature.name}: {feature.missing_share:.0%} missing, in the baseline {before:.0%}"
    if (feature.unseen_share or 0.0) >= _RENAMED_SHARE:
        yield f"{feature.name}: {feature.unseen_share:.0%} of levels that the baseline never held"
    if (feature.out_of_range_share or 0.0) >= _FEED_SHARE:
        yield f"{feature.name}: {feature.out_of_range_share:.0%} outside the baseline's range"


def _joined(faults: Sequence[str]) -> str:
    more = len(faults) - _NAMED
    return "; ".join([*faults[:_NAMED], *([f"and {more:,} more"] if more > 0 else [])])
