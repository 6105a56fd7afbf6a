"""`log_prediction_audit`: one line in ``audit.log`` for each prediction."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from monitor_core.errors import Unavailable
from monitor_core.logs.audit_writer import AuditFileHandler
from monitor_core.logs.configure import AUDIT_LOGGER
from monitor_core.logs.context import trace_id as running_trace
from monitor_core.logs.record import AUDIT_FIELDS
from monitor_core.logs.writer import OUTCOME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

__all__ = ["log_prediction_audit"]

_LOG = logging.getLogger(AUDIT_LOGGER)


def log_prediction_audit(  # noqa: PLR0917 - the original system's signature
    bse_code: str,
    prediction_date: str | date,
    predicted_label: float | str,
    probability: float | None,
    model_version: str,
    trace_id: str | None = None,
    user_id: str | None = None,
    *,
    features: Mapping[str, Any] | None = None,
    input_hash: str | None = None,
    on_failure: Literal["count", "raise"] = "count",
) -> None:
    """Write down one prediction, with its values at the top of the line.

    Parameters
    ----------
    bse_code
        The entity that the prediction is about. The name is the original system's; any identifier will do.
    prediction_date
        ISO text or a date.
    predicted_label, probability
        What was predicted, and its score.
    model_version
        Which version predicted.
    trace_id
        None: the running trace, where there is one.
    user_id
        Who asked.
    features, input_hash
        What went in, as far as it may be kept.
    on_failure
        ``count``: a record that cannot be written is said on standard error, and the prediction stands. ``raise``:
        no record, no prediction.

    Raises
    ------
    Unavailable
        Only with ``on_failure="raise"``: the record was not written, or `setup_logging` was not called.
    """
    fields: dict[str, Any] = {
        "bse_code": bse_code,
        "prediction_date": prediction_date,
        "predicted_label": predicted_label,
        "probability": probability,
        "model_version": model_version,
        "trace_id": trace_id or running_trace(),
        "user_id": user_id,
    }
    if features is not None:
        fields["features"] = features
    if input_hash is not None:
        fields["input_hash"] = input_hash
    outcome: list[BaseException | None] = []
    _LOG.info("prediction", extra={AUDIT_FIELDS: fields, OUTCOME: outcome})
    if on_failure == "raise":
        _check(outcome)


def _check(outcome: list[BaseException | None]) -> None:
    if outcome:
        raise Unavailable(f"the audit record was not written: {outcome[0]}")
    if not any(isinstance(handler, AuditFileHandler) for handler in _LOG.handlers):
        raise Unavailable("there is no audit log", hint="call setup_logging at the service's start")
