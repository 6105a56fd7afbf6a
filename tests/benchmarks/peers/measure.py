"""Run one contender once, in a process of its own, and print what it took as JSON.

Called by ``bench_peers.py`` with the Python of the contender's own environment:
``python measure.py <contender> <baseline.parquet> <current.parquet> <stored baseline>``. Counted are reading the
files and all work, in all threads; importing the library is not, but for the peak of memory, which is the process's.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")


def bellwether(baseline: str, current: str, stored: str):
    from monitor_core import drift
    from monitor_core.drift import api, rules  # noqa: F401 - imports are not counted
    from monitor_core.snapshots import files  # noqa: F401 - opened on first use

    def work():
        return drift.compare(drift.build_baseline(baseline), current)

    return work, lambda report: {name: report.features[name].ks_low for name in ("normal_0", "lognormal_0")}


def bellwether_stored(baseline: str, current: str, stored: str):
    from monitor_core import drift
    from monitor_core.drift import api, rules  # noqa: F401 - imports are not counted
    from monitor_core.drift.grid import Grid
    from monitor_core.snapshots import files  # noqa: F401 - opened on first use

    def work():
        payload = Path(stored).read_bytes()
        size = int.from_bytes(payload[:8], "little")
        grid = Grid.from_bytes(payload[8 : 8 + size])
        return drift.compare(drift.Baseline.from_blocks(grid, [("", 0, payload[8 + size :])]), current)

    return work, lambda report: {name: report.features[name].ks_low for name in ("normal_0", "lognormal_0")}


def bare_read(baseline: str, current: str, stored: str):
    """Read every value of the current window once, on two threads, and do nothing with it."""
    from concurrent.futures import ThreadPoolExecutor

    from monitor_core.snapshots import files  # noqa: F401 - as above
    from monitor_core.snapshots.sources import open_source

    def work():
        source = open_source(current)
        names = source.schema.names
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda one: sum(batch.num_rows for batch in one.batches(names)), source.shards()))

    return work, lambda rows: {"rows": rows}


def scipy_loop(baseline: str, current: str, stored: str):
    import numpy as np
    import pandas as pd
    from scipy import stats

    def work():
        left, right = pd.read_parquet(baseline), pd.read_parquet(current)
        result = {}
        for name in left.columns:
            a, b = left[name].to_numpy(), right[name].to_numpy()
            edges = np.histogram_bin_edges(a, 10)
            p, q = (np.histogram(side, edges)[0] / len(side) + 1e-4 for side in (a, b))
            result[name] = stats.ks_2samp(a, b, method="asymp").statistic, float(((q - p) * np.log(q / p)).sum())
        return result

    return work, lambda result: {name: float(result[name][0]) for name in ("normal_0", "lognormal_0")}


def nannyml(baseline: str, current: str, stored: str):
    import nannyml
    import pandas as pd

    def work():
        left, right = pd.read_parquet(baseline), pd.read_parquet(current)
        calculator = nannyml.UnivariateDriftCalculator(
            column_names=list(left.columns), chunk_number=1, continuous_methods=["kolmogorov_smirnov"]
        )
        return calculator.fit(left).calculate(right)

    def figures(result):
        frame = result.filter(period="analysis").to_df()
        return {
            name: float(frame[name]["kolmogorov_smirnov"]["value"].iloc[-1]) for name in ("normal_0", "lognormal_0")
        }

    return work, figures


def alibi_detect(baseline: str, current: str, stored: str):
    import pandas as pd
    from alibi_detect.cd import KSDrift

    names: list[str] = []

    def work():
        left, right = pd.read_parquet(baseline), pd.read_parquet(current)
        names.extend(left.columns)
        return KSDrift(left.to_numpy(), p_val=0.05).predict(right.to_numpy())

    def figures(result):
        return {name: float(result["data"]["distance"][names.index(name)]) for name in ("normal_0", "lognormal_0")}

    return work, figures


def whylogs(baseline: str, current: str, stored: str):
    import pandas as pd
    import whylogs as why

    def work():
        return [why.log(pd.read_parquet(path)).profile().view() for path in (baseline, current)]

    def figures(views):
        return {name: float(views[1].get_column(name).to_summary_dict()["distribution/mean"]) for name in ("normal_0",)}

    return work, figures


def _evidently(method: str | None):
    def contender(baseline: str, current: str, stored: str):
        import pandas as pd
        from evidently import Report
        from evidently.presets import DataDriftPreset

        def work():
            left, right = pd.read_parquet(baseline), pd.read_parquet(current)
            preset = DataDriftPreset(method=method) if method else DataDriftPreset()
            return Report([preset]).run(right, left)

        def figures(result):
            wanted = ("normal_0", "lognormal_0")
            metrics = json.loads(result.json())["metrics"]
            return {
                name: m["value"] for m in metrics for name in wanted if f"column={name}," in m.get("metric_name", "")
            }

        return work, figures

    return contender


def frouros(baseline: str, current: str, stored: str):
    import pandas as pd
    from frouros.detectors.data_drift import KSTest

    def work():
        left, right = pd.read_parquet(baseline), pd.read_parquet(current)
        found = {}
        for name in left.columns:
            detector = KSTest()
            detector.fit(X=left[name].to_numpy())
            found[name] = detector.compare(X=right[name].to_numpy())[0].statistic
        return found

    return work, lambda found: {name: float(found[name]) for name in ("normal_0", "lognormal_0")}


CONTENDERS = {
    "bellwether": bellwether,
    "bellwether-stored": bellwether_stored,
    "read": bare_read,
    "scipy": scipy_loop,
    "nannyml": nannyml,
    "alibi-detect": alibi_detect,
    "whylogs": whylogs,
    "evidently-ks": _evidently("ks"),
    "evidently": _evidently(None),
    "frouros": frouros,
}


def main() -> None:
    name, *paths = sys.argv[1:]
    import pyarrow.parquet  # noqa: F401 - pandas, too, imports it on first use

    work, figures = CONTENDERS[name](*paths)
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    result = work()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak_bytes(), "figures": figures(result)}))


def peak_bytes() -> int:
    """Return the most memory this process held; not `ru_maxrss`, which starts at that of the parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


if __name__ == "__main__":
    main()
