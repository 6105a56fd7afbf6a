"""Mathematics over arrays and counts: NumPy and scipy.special only, no pandas, no files, no clock, no chance.

Counts lie along the last axis (cells); the axes before it are features, granules or both, and broadcast.
"""

from monitor_core.stats.arrays import shares
from monitor_core.stats.chi_square import ChiSquare, chi_square, combine_tail
from monitor_core.stats.clusters import DesignEffect, DesignEffects, design_effect, rolling_design_effect
from monitor_core.stats.confusion import Rates, rates
from monitor_core.stats.detection import expected_delay, labels_needed, relevant_share, smallest_drop
from monitor_core.stats.distances import jensen_shannon, ks_bounds, robust_scale, wasserstein
from monitor_core.stats.intervals import (
    Interval,
    f1_from_f_star,
    f1_interval,
    f1_intervals,
    f_star_from_f1,
    wilson,
    wilson_intervals,
)
from monitor_core.stats.means import mean_interval, mean_intervals
from monitor_core.stats.multiplicity import benjamini_hochberg, benjamini_yekutieli
from monitor_core.stats.overdispersion import ReferenceSpread, rao_scott, reference_spread, reference_windows
from monitor_core.stats.paired import paired_expected_loss, paired_probability_of_drop
from monitor_core.stats.posterior import (
    Losses,
    expected_loss,
    probabilities_of_drop,
    probability_below,
    probability_of_drop,
)
from monitor_core.stats.power import rows_needed
from monitor_core.stats.ranking import (
    AucResult,
    RankTable,
    average_precision,
    binned_average_precision,
    binned_roc_auc,
    roc_auc,
)
from monitor_core.stats.score_calibration import Calibration, calibration
from monitor_core.stats.sequential import e_process
from monitor_core.stats.stability import PsiResult, PsiTable, psi, psi_table

__all__ = [
    "AucResult",
    "Calibration",
    "ChiSquare",
    "DesignEffect",
    "DesignEffects",
    "Interval",
    "Losses",
    "PsiResult",
    "PsiTable",
    "RankTable",
    "Rates",
    "ReferenceSpread",
    "average_precision",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "binned_average_precision",
    "binned_roc_auc",
    "calibration",
    "chi_square",
    "combine_tail",
    "design_effect",
    "e_process",
    "expected_delay",
    "expected_loss",
    "f1_from_f_star",
    "f1_interval",
    "f1_intervals",
    "f_star_from_f1",
    "jensen_shannon",
    "ks_bounds",
    "labels_needed",
    "mean_interval",
    "mean_intervals",
    "paired_expected_loss",
    "paired_probability_of_drop",
    "probabilities_of_drop",
    "probability_below",
    "probability_of_drop",
    "psi",
    "psi_table",
    "rao_scott",
    "rates",
    "reference_spread",
    "reference_windows",
    "relevant_share",
    "robust_scale",
    "roc_auc",
    "rolling_design_effect",
    "rows_needed",
    "shares",
    "smallest_drop",
    "wasserstein",
    "wilson",
    "wilson_intervals",
]
