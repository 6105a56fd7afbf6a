"""The text report of `DriftDetector`: from its result dictionaries, which callers may have made themselves. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from monitor_core.drift.text import layout, plain, table
from monitor_core.values import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PSI_LEVELS", "level_of", "write_report"]

PSI_LEVELS = ((0.40, Severity.CRITICAL), (0.25, Severity.HIGH), (0.10, Severity.MODERATE))
"""The well-known sizes of PSI, largest first; below all of them it is low."""

_ACTIONS = {"DRIFT": "Review, consider retraining", "MODERATE": "Watch"}
_NOISE = "Within noise, none"


def level_of(psi: float) -> Severity:
    """Return the name of a PSI's size; NaN, which was not computable, is low.

    Examples
    --------
    >>> [level_of(psi).value for psi in (0.09, 0.1, 0.25, 0.4)]
    ['low', 'moderate', 'high', 'critical']
    """
    return next((severity for bound, severity in PSI_LEVELS if psi >= bound), Severity.LOW)


def write_report(
    results: Mapping[str, Mapping[str, Any]], date: str, *, model_version: str, left_out: Mapping[str, str]
) -> str:
    """Write the report of one comparison.

    Parameters
    ----------
    results
        As `DriftDetector.detect_drift` returns them; only `psi`, `ks_statistic` and `status` are needed.
    date
        Whatever the reader should see as the date.
    model_version, left_out
        For the head; features that could not be compared, with the reason.
    """
    drifted = [name for name, result in results.items() if result.get("status") == "DRIFT"]
    sound = [name for name, result in results.items() if result.get("verdict") == "drifted"]
    known = any("verdict" in result for result in results.values())
    summary = {
        "Features Tested": str(len(results)),
        "Features with Drift": f"{len(drifted)} ({_share(len(drifted), len(results))})",
    }
    if known:
        summary["Significant beyond noise"] = str(len(sound))
    summary["Severity"] = max(map(_severity, results.values()), default=Severity.NONE).upper()
    header = ["Feature Name", "KS Stat", "PSI", "Noise", "Rows", "Status", "Action"]
    rows = [_row(name, result) for name, result in results.items()]
    notes = [
        f"{plain(name, limit=48)}: {plain('; '.join(result['reasons']))}"
        for name, result in results.items()
        if result.get("reasons")
    ]
    notes += [f"{plain(name, limit=48)} was not tested: {plain(reason)}" for name, reason in left_out.items()]
    return layout(
        {"Date": plain(date), "Model Version": plain(model_version)},
        summary,
        _sentence(len(results), len(drifted), len(sound) if known else None),
        table(header, rows) if rows else ["(none)"],
        notes,
    )


def _row(name: str, result: Mapping[str, Any]) -> list[str]:
    status = str(result.get("status", ""))
    action = _ACTIONS.get(status, "-")
    if action != "-" and result.get("verdict", "drifted") != "drifted":
        action = _NOISE if result["verdict"] == "stable" else "See reason"
    return [
        plain(name, limit=48),
        _figure(result.get("ks_statistic")),
        _figure(result.get("psi")),
        _figure(result.get("noise_floor")),
        f"{result['n']:,}" if result.get("n") is not None else "n/a",
        status,
        action,
    ]


def _severity(result: Mapping[str, Any]) -> Severity:
    """Return the severity that the evidence allows; by size alone where the result has no evidence."""
    return Severity(result["severity"]) if "severity" in result else level_of(float(result.get("psi", math.nan)))


def _sentence(tested: int, drifted: int, sound: int | None) -> str:
    if not tested:
        return "Nothing was tested."
    text = f"{drifted} of {tested} features moved by a size that is called drift."
    if sound is None:
        return text
    return f"{text} {sound} differ{'s' if sound == 1 else ''} from the baseline by more than noise explains."


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "n/a"


def _figure(value: float | None) -> str:
    return "n/a" if value is None or math.isnan(value) else f"{value:z.3f}"
