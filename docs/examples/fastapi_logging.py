"""A prediction service with FastAPI whose workers write one set of logs.

``pip install bellwether-monitor fastapi uvicorn``, then ``uvicorn fastapi_logging:app --workers 4``. Every line of a
request has its trace; each prediction stands in ``logs/audit.log``.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import random

from fastapi import FastAPI

from monitor_core import get_logger_with_context, log_prediction_audit, setup_logging
from monitor_core.logs import LoggingMiddleware, bind, trace_id

VERSION = "1.4.0"
log = get_logger_with_context("scoring", context={"model_version": VERSION})


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Set logging up in each worker: all of them write the same files, and no line is lost."""
    setup_logging(log_dir=os.environ.get("LOG_DIR", "logs"), service={"name": "scoring", "version": VERSION})
    yield


app = FastAPI(lifespan=lifespan)
app.add_middleware(LoggingMiddleware, log_requests=True)


@app.get("/predict/{customer_id}")
async def predict(customer_id: str) -> dict[str, object]:
    """Answer with a label and its score, and write both down."""
    bind(customer=customer_id)  # every further line of this request says it
    score = random()
    label = int(score >= 0.5)
    log.info("scored", extra={"score": score})
    log_prediction_audit(customer_id, "2026-11-23", label, score, VERSION, trace_id())
    return {"customer_id": customer_id, "label": label, "score": score}
