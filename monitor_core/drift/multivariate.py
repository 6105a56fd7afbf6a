"""Drift that no single feature shows: whether a classifier can tell current rows from the baseline's.

A gradient-boosted classifier learns to separate the two samples; its cross-validated AUC is .5 when they are
alike, whatever the features. How far from .5 quiet days get is not assumed but measured: each reference
granule is told from all others in the same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from monitor_core.drift.matrix import FeatureMatrix, feature_matrix
from monitor_core.drift.results import MultivariateDrift
from monitor_core.errors import InvalidInput
from monitor_core.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa
    from numpy.typing import NDArray
    from sklearn.ensemble import HistGradientBoostingClassifier

__all__ = ["LEAST_REFERENCES", "LEAST_ROWS", "multivariate", "reference_aucs"]

LEAST_ROWS = 200
"""Rows a side below which a classifier learns nothing that can be believed."""
LEAST_REFERENCES = 14
"""Reference granules below which their spread is too roughly known to judge by."""
MOST_REFERENCES = 60
"""Reference granules told from the others; more cost time and change little."""
BASELINE_ROWS = 8_000
CURRENT_ROWS = 2_000
"""Rows a side beyond which a random sample is taken: bounds time, and keeps the two sides of a comparison alike."""
LEVEL = 0.005
"""Significance at which rows count as told apart."""
_FOLDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Fold:
    """A classifier with the rows it has not seen."""

    model: HistGradientBoostingClassifier
    values: NDArray[np.float64]
    is_current: NDArray[np.bool_]

    def auc(self, values: NDArray[np.float64]) -> float:
        """AUC on these rows, possibly with a column shuffled."""
        from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - heavy, and only this leaf needs it

        return float(roc_auc_score(self.is_current, self.model.predict_proba(values)[:, 1]))


def multivariate(
    baseline_rows: pa.Table, current_rows: pa.Table, reference_aucs: Sequence[float], *, rng_seed: int
) -> MultivariateDrift:
    """Judge whether current rows differ from the baseline's in any way, also between features.

    Parameters
    ----------
    baseline_rows, current_rows
        Samples of the monitored columns. Columns are matched by name; what is absent on a side, re-typed
        or nested is left out and named in the reasons. Missing values and categories are used as they are.
    reference_aucs
        From `reference_aucs` of the baseline's granules, for these numbers of rows.
    rng_seed
        Seed of sampling, folds and shuffling: same rows and seed, same answer.

    Returns
    -------
    MultivariateDrift
        Undecided, with reasons, below `LEAST_ROWS` rows a side or `LEAST_REFERENCES` references. `drivers` only
        where the verdict is ``drifted``: the drivers of noise are noise.

    Notes
    -----
    ``p = t.sf((auc - mean) / (sd sqrt(1 + 1/D)))`` over the D reference AUCs with D - 1 degrees of freedom. The verdict
    asks for p of at most `LEVEL` and for an AUC beyond that of every reference. The more granules differ
    from each other, the less can be found: with daily means that wander by .1 sd half of what is found without.
    At about 4,000 against 1,000 rows it finds a correlation that falls from .8 to .4 while every single
    feature keeps its distribution. It does not see a change of the relation between features and label.
    The AUC says how *separable* the rows are, not how much the change matters to the model. Importance is
    shared among features that say the same, so read the drivers together.
    """
    matrix = feature_matrix(baseline_rows, current_rows)
    rng = np.random.default_rng(rng_seed)
    known = tuple(float(auc) for auc in reference_aucs if math.isfinite(auc))
    n, m = min(baseline_rows.num_rows, BASELINE_ROWS), min(current_rows.num_rows, CURRENT_ROWS)
    if reasons := _too_little(n, m, matrix):
        return MultivariateDrift(None, known, None, n, m, Verdict.UNDECIDED, (), (*reasons, *matrix.left_out))
    with _one_thread():
        folds = _folds(_sample(matrix.baseline, n, rng), _sample(matrix.current, m, rng), matrix, rng_seed)
        return _judge(folds, known, matrix, rng)


def _judge(
    folds: Sequence[_Fold], known: tuple[float, ...], matrix: FeatureMatrix, rng: np.random.Generator
) -> MultivariateDrift:
    m = sum(int(fold.is_current.sum()) for fold in folds)
    n = sum(fold.is_current.size for fold in folds) - m
    aucs = tuple(fold.auc(fold.values) for fold in folds)
    auc = float(np.mean(aucs))
    if len(known) < LEAST_REFERENCES:
        reason = (
            f"only {len(known)} reference granules: at least {LEAST_REFERENCES} are needed to know how far apart "
            "quiet ones are"
        )
        return MultivariateDrift(auc, known, None, n, m, Verdict.UNDECIDED, (), (reason, *matrix.left_out))
    p = _p_value(auc, known, n, m)
    # Where days vary, AUCs lean to the right, which a t-test does not know: no reference may stray as far.
    if p > LEVEL or auc <= max(known):
        return MultivariateDrift(auc, known, p, n, m, Verdict.STABLE, (), matrix.left_out)
    drivers = _drivers(folds, aucs, matrix.names, rng)
    reason = f"current rows can be told from the baseline's (AUC {auc:.3f}, quiet granules {np.mean(known):.3f})"
    return MultivariateDrift(auc, known, p, n, m, Verdict.DRIFTED, drivers, (reason, *matrix.left_out))


def reference_aucs(
    granules: Sequence[pa.Table],
    *,
    n_baseline: int,
    n_current: int,
    rng_seed: int,
    progress: Callable[[float, str], None] | None = None,
) -> tuple[float, ...]:
    """Tell each reference granule from all the others, to learn how far apart quiet ones are.

    Parameters
    ----------
    granules
        Samples of the reference granules' rows, in time order; the latest `MOST_REFERENCES` of enough rows are used.
    n_baseline, n_current
        Rows of the comparison to be judged. The AUC of few rows strays further, so both sides are sampled down to
        these; granules of less than half of `n_current` are left out.
    rng_seed
        As for `multivariate`.
    progress
        Called with the share done before each granule; may raise `Cancelled`.

    Returns
    -------
    tuple of float
        One AUC a granule used; empty when there are fewer than two, or too few rows.
    """
    import pyarrow as pa  # noqa: PLC0415 - already loaded by whoever holds tables

    if n_baseline < 1 or n_current < 1:
        raise InvalidInput(f"references for {n_baseline} against {n_current} rows", hint="at least 1 row a side")
    wanted, most = min(n_current, CURRENT_ROWS), min(n_baseline, BASELINE_ROWS)
    least = max(LEAST_ROWS, wanted // 2)
    used = [table for table in granules if table.num_rows >= least][-MOST_REFERENCES:]
    if len(used) < 2:
        return ()
    together = pa.concat_tables(used, promote_options="permissive")
    matrix = feature_matrix(together, together.slice(0, 0))
    owner = np.repeat(np.arange(len(used)), [table.num_rows for table in used])
    rng = np.random.default_rng(rng_seed)
    result = []
    with _one_thread():
        for number in range(len(used)):
            if progress:
                progress(number / len(used), "reference granules told apart")
            own, others = matrix.baseline[owner == number], matrix.baseline[owner != number]
            if others.shape[0] < LEAST_ROWS or not matrix.names:
                return ()
            folds = _folds(_sample(others, most, rng), _sample(own, wanted, rng), matrix, rng_seed + number)
            result.append(float(np.mean([fold.auc(fold.values) for fold in folds])))
    return tuple(result)


def _too_little(n: int, m: int, matrix: FeatureMatrix) -> tuple[str, ...]:
    reasons = [
        f"{side} has {rows} rows: at least {LEAST_ROWS} are needed"
        for side, rows in (("the baseline", n), ("the current sample", m))
        if rows < LEAST_ROWS
    ]
    if not matrix.names:
        reasons.append("no column is usable on both sides")
    return tuple(reasons)


def _one_thread() -> AbstractContextManager[object]:
    """Keep the classifier to one thread: so small a job gains nothing from more, and sums stay the same everywhere."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits


def _sample(values: NDArray[np.float64], most: int, rng: np.random.Generator) -> NDArray[np.float64]:
    if values.shape[0] <= most:
        return values
    return values[np.sort(rng.choice(values.shape[0], most, replace=False))]


def _folds(
    baseline: NDArray[np.float64], current: NDArray[np.float64], matrix: FeatureMatrix, seed: int
) -> tuple[_Fold, ...]:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - heavy, only this leaf needs it

    values = np.concatenate([baseline, current])
    is_current = np.repeat([False, True], [baseline.shape[0], current.shape[0]])
    fold = _fold_numbers(baseline.shape[0], current.shape[0], np.random.default_rng(seed))
    models = []
    for number in range(_FOLDS):
        model = HistGradientBoostingClassifier(
            max_iter=50,
            max_leaf_nodes=15,
            early_stopping=False,
            categorical_features=matrix.categorical,
            random_state=seed,
        )
        models.append(model.fit(_without_blanks(values[fold != number]), is_current[fold != number]))
    return tuple(
        _Fold(model, values[fold == number], is_current[fold == number]) for number, model in enumerate(models)
    )


def _without_blanks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make columns that hold nothing constant: the classifier has no histogram for them."""
    return np.where(np.isnan(values).all(axis=0), 0.0, values)


def _fold_numbers(n: int, m: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Give each row a fold, the same share of both sides in each."""
    return np.concatenate([rng.permutation(np.arange(size) % _FOLDS) for size in (n, m)])


def _p_value(auc: float, known: Sequence[float], n: int, m: int) -> float:
    spread = float(np.std(known, ddof=1))
    # Of features that are all constant every AUC is .5: half the rank statistic's own spread is the least believed.
    floor = 0.5 * math.sqrt((n + m + 1) / (12.0 * n * m))
    distance = (auc - float(np.mean(known))) / (max(spread, floor) * math.sqrt(1.0 + 1.0 / len(known)))
    return float(special.stdtr(len(known) - 1, -distance))


def _drivers(
    folds: Sequence[_Fold], aucs: Sequence[float], names: Sequence[str], rng: np.random.Generator
) -> tuple[tuple[str, float], ...]:
    """Share of the AUC lost when a column is shuffled, largest first; what loses nothing is not listed."""
    losses = np.zeros(len(names))
    for fold, auc in zip(folds, aucs, strict=True):
        shuffled = fold.values.copy()
        for column in range(len(names)):
            shuffled[:, column] = rng.permutation(fold.values[:, column])
            losses[column] += max(auc - fold.auc(shuffled), 0.0)
            shuffled[:, column] = fold.values[:, column]
    total = losses.sum()
    if total <= 0:
        return ()
    order = np.argsort(-losses, kind="stable")
    return tuple((names[i], float(losses[i] / total)) for i in order if losses[i] > 0)
