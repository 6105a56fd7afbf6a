"""A prediction service with FastAPI, measured with two lines.

``pip install bellwether-monitor fastapi uvicorn``, then ``uvicorn fastapi_service:app``; metrics are at ``/metrics``.
"""

import asyncio
from random import random

from fastapi import FastAPI

from monitor_core import PerformanceMonitor

app = FastAPI()
monitor = PerformanceMonitor()  # line one
monitor.instrument(app)  # line two

VERSION = "1.4.0"


@app.get("/predict/{customer_id}")
async def predict(customer_id: int) -> dict[str, float]:
    """Answer with a label and its score; each is counted."""
    with monitor.time_prediction(VERSION):
        await asyncio.sleep(0.01)  # the model
        score = random()
    label = int(score >= 0.5)
    monitor.track_prediction(label, max(score, 1 - score), VERSION)
    return {"customer_id": customer_id, "label": label, "score": score}
