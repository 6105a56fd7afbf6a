"""Mathematics over arrays and counts: NumPy and scipy.special only, no pandas, no files, no clock, no chance.

Counts lie along the last axis (cells); the axes before it are features, granules or both, and broadcast.
"""

from monitor_core.stats.arrays import shares
from monitor_core.stats.chi_square import ChiSquare, chi_square, combine_tail
from monitor_core.stats.distances import jensen_shannon, ks_bounds, robust_scale, wasserstein
from monitor_core.stats.multiplicity import benjamini_hochberg, benjamini_yekutieli
from monitor_core.stats.overdispersion import ReferenceSpread, rao_scott, reference_spread, reference_windows
from monitor_core.stats.power import rows_needed
from monitor_core.stats.stability import PsiResult, PsiTable, psi, psi_table

__all__ = [
    "ChiSquare",
    "PsiResult",
    "PsiTable",
    "ReferenceSpread",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "chi_square",
    "combine_tail",
    "jensen_shannon",
    "ks_bounds",
    "psi",
    "psi_table",
    "rao_scott",
    "reference_spread",
    "reference_windows",
    "robust_scale",
    "rows_needed",
    "shares",
    "wasserstein",
]
