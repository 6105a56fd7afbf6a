"use strict";
(() => {
  document.documentElement.lang = "en";
  const config = JSON.parse(document.getElementById("config").textContent);
  const REFRESH = 30000, DAY = 86400, RANGES = { "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY };
  const $ = (id) => document.getElementById(id);
  const make = (tag, given = {}, ...inside) => {
    const element = Object.assign(document.createElement(tag), given);
    element.append(...inside);
    return element;
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const view = { range: "24h", compare: false, job: "", mode: "", base: "/", busy: false, again: false, charts: new Map(), good: 0 };

  // ---- words for numbers ------------------------------------------------------------------------------------
  const digits = (value, most) => value.toLocaleString("en", { maximumFractionDigits: most });
  const FORMATS = {
    seconds: (v) => (v < 1 ? `${digits(v * 1000, v < 0.01 ? 1 : 0)} ms` : `${digits(v, 2)} s`),
    ratio: (v) => `${digits(v * 100, v && Math.abs(v) < 0.1 ? 2 : 1)} %`,
    rate: (v) => `${digits(v, v < 10 ? 2 : 0)}/s`,
    score: (v) => v.toFixed(3),
    count: (v) => digits(v, 0),
  };
  const shown = (value, unit) => (Number.isFinite(value) ? FORMATS[unit](value) : "–");
  const ago = (seconds) => {
    const units = [[86400, "d"], [3600, "h"], [60, "min"]];
    const found = units.find(([size]) => seconds >= size);
    return found ? `${Math.floor(seconds / found[0])} ${found[1]}` : `${Math.max(0, Math.round(seconds))} s`;
  };

  // ---- reading: /api/v1 where it is, /metrics otherwise -----------------------------------------------------
  async function fetched(path, options) {
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), 20000);
    try {
      return await fetch(path, { ...options, signal: control.signal, cache: "no-store" });
    } catch (error) {
      throw new Error(error.name === "AbortError" ? "no answer within 20 s" : "the server does not answer");
    } finally {
      clearTimeout(timer);
    }
  }
  async function ask(path, parameters) {
    const answer = await fetched(`${view.base}api/v1/${path}?${new URLSearchParams(parameters)}`);
    let body;
    try { body = await answer.json(); } catch { throw new Error(`/api/v1/${path} answered ${answer.status}, not JSON`); }
    if (body.status !== "success") throw new Error(body.error || `/api/v1/${path} answered ${answer.status}`);
    return body.data;
  }
  const escaped = (text) => text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
  function expression(name, span) {
    const chosen = view.job ? `job="${escaped(view.job)}"` : "";
    let text = config.queries[name];
    if (!chosen) text = text.replaceAll("$selection, ", "");
    return text.replaceAll("$selection", () => chosen).replaceAll("$__rate_interval", `${span}s`);
  }
  const titled = (labels, fallback) => {
    const words = Object.entries(labels).filter(([name]) => name !== "__name__").map(([, value]) => value);
    return words.join(" ") || fallback;
  };
  async function fromApi(shift) {
    const range = RANGES[view.range], step = Math.max(15, Math.round(range / 240));
    const end = Math.floor(Date.now() / 1000 / step) * step - shift, start = end - range, span = Math.max(step, 300);
    const series = {};
    const wanted = [...new Set(config.charts.flatMap((chart) => chart.lines.map((line) => line.query)))];
    await Promise.all(wanted.map(async (name) => {
      const data = await ask("query_range", { query: expression(name, span), start, end, step });
      series[name] = data.result.map((one) => ({
        labels: one.metric,
        points: one.values.map(([at, value]) => [Number(at) + shift, Number(value)]),
      }));
    }));
    return { series, start: start + shift, end: end + shift, step };
  }
  const seen = []; // what /metrics said since the page was opened: {at, samples}
  function parsed(text) {
    const samples = [];
    const line = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
    for (const row of text.split("\n")) {
      const found = !row.startsWith("#") && line.exec(row);
      if (!found) continue;
      const labels = {};
      for (const [, name, value] of (found[2] || "").matchAll(/([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
        labels[name] = value.replace(/\\(.)/g, (_, letter) => (letter === "n" ? "\n" : letter));
      }
      samples.push({ name: found[1], labels, value: Number(found[3].replace("Inf", "Infinity")) });
    }
    return samples;
  }
  const keyOf = (sample) => sample.name + JSON.stringify(Object.entries(sample.labels).sort());
  function summed(values, name, by, keep = () => true) {
    const sums = new Map();
    for (const sample of values) {
      if (sample.name !== name || !keep(sample.labels)) continue;
      const key = by.map((label) => sample.labels[label] || "").join("\u0000");
      const entry = sums.get(key) || { labels: Object.fromEntries(by.map((label) => [label, sample.labels[label] || ""])), value: 0 };
      entry.value += sample.value;
      sums.set(key, entry);
    }
    return [...sums.values()];
  }
  function quantile(share, buckets) {
    const ordered = buckets.map((one) => [Number(one.labels.le.replace("Inf", "Infinity")), one.value]).sort((a, b) => a[0] - b[0]);
    const total = ordered.length ? ordered[ordered.length - 1][1] : 0;
    if (!total) return NaN;
    const rank = share * total, place = ordered.findIndex(([, count]) => count >= rank);
    const [upper, count] = ordered[place], [lower, below] = place ? ordered[place - 1] : [0, 0];
    return Number.isFinite(upper) ? lower + ((upper - lower) * (rank - below)) / (count - below || 1) : lower;
  }
  /* The same questions as the queries ask, of two looks at /metrics: `per` holds rates a second, `now` values. */
  function answers(per, now) {
    const only = (value) => [{ labels: {}, value }];
    const total = (name, keep) => summed(per, name, [], keep).reduce((sum, one) => sum + one.value, 0);
    const requests = total("api_requests_total"), counted = total("api_request_duration_seconds_count");
    const buckets = summed(per, "api_request_duration_seconds_bucket", ["le"]);
    const fast = total("api_request_duration_seconds_bucket", (labels) => labels.le === config.objective);
    const gauge = (name, by, keep) => summed(now, name, by, keep);
    const shared = (name) => gauge(name, []).map((one) => ({ labels: {}, value: one.value / 100 }));
    const monthly = (labels) => labels.window === "30d";
    return {
      p50: only(quantile(0.5, buckets)), p95: only(quantile(0.95, buckets)), p99: only(quantile(0.99, buckets)),
      slow: only(counted ? 1 - fast / counted : NaN), requests: only(requests),
      requests_by_endpoint: summed(per, "api_requests_total", ["endpoint"]),
      errors_4xx: only(requests ? total("api_errors_total", (labels) => labels.error_type === "4xx") / requests : NaN),
      errors_5xx: only(requests ? total("api_errors_total", (labels) => labels.error_type === "5xx") / requests : NaN),
      cpu: shared("process_cpu_percent"), memory: shared("process_memory_percent"),
      f1: gauge("model_f1_score", ["model", "version"], monthly),
      precision: gauge("model_precision", ["model", "version"], monthly),
      recall: gauge("model_recall", ["model", "version"], monthly),
      psi_top: gauge("feature_drift_psi", ["feature"]).sort((a, b) => b.value - a.value).slice(0, 20),
      predictions_by_version: summed(per, "model_predictions_total", ["model_version"]),
    };
  }
  async function fromMetrics() {
    const answer = await fetched(`${view.base}metrics`, { headers: { Accept: "text/plain" } });
    if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`);
    seen.push({ at: Date.now() / 1000, samples: parsed(await answer.text()) });
    if (seen.length > 2880) seen.shift();
    const series = {};
    seen.forEach((look, place) => {
      const before = new Map((seen[place - 1]?.samples || []).map((sample) => [keyOf(sample), sample.value]));
      const elapsed = place ? look.at - seen[place - 1].at : 1;
      const per = look.samples.filter((sample) => before.has(keyOf(sample))).map((sample) => {
        const old = before.get(keyOf(sample));
        return { ...sample, value: Math.max(0, sample.value >= old ? sample.value - old : sample.value) / elapsed };
      });
      for (const [name, found] of Object.entries(answers(per, look.samples))) {
        for (const one of found) {
          const lines = (series[name] ||= []), key = JSON.stringify(one.labels);
          let line = lines.find((item) => item.key === key);
          if (!line) lines.push((line = { key, labels: one.labels, points: [] }));
          if (Number.isFinite(one.value) && (place || ["cpu", "memory", "f1", "precision", "recall", "psi_top"].includes(name))) line.points.push([look.at, one.value]);
        }
      }
    });
    return { series, start: seen[0].at, end: Math.max(seen[0].at + 60, look_end()), step: 30 };
  }
  const look_end = () => seen[seen.length - 1].at;
  async function chooseMode() {
    const bases = [...new Set(["/", location.pathname.replace(/[^/]*$/, "")])]; // the address itself, or the page's folder
    let failed = null;
    for (const [mode, attempt] of [["api", () => ask("query", { query: "vector(1)" })], ["metrics", fromMetrics]]) {
      for (view.base of bases) {
        try { await attempt(); return mode; } catch (error) { failed = error; }
      }
    }
    throw failed;
  }

  // ---- drawing ----------------------------------------------------------------------------------------------
  const palette = () => ["primary", "orange", "green", "red", "muted", "text"].map(colour);
  function ticks(least, most, count) {
    const rough = (most - least) / count || 1, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough) || rough;
    const found = [];
    for (let at = Math.ceil(least / step - 1e-9) * step; at <= most + step * 1e-9; at += step) found.push(Math.abs(at) < step * 1e-9 ? 0 : at);
    return found;
  }
  function moment(at, span) {
    const date = new Date(at * 1000), two = (value) => String(value).padStart(2, "0");
    const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
    if (span <= 600) return `${clock}:${two(date.getSeconds())}`;
    if (span <= 1.5 * DAY) return clock;
    return date.toLocaleDateString("en", { day: "numeric", month: "short" });
  }
  function timeTicks(start, end, width) {
    const sizes = [15, 30, 60, 300, 900, 1800, 3600, 7200, 10800, 21600, 43200, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY];
    const most = Math.max(2, Math.floor(width / 90));
    const step = sizes.find((size) => (end - start) / size <= most) || 30 * DAY;
    const zone = new Date(end * 1000).getTimezoneOffset() * 60, found = [];
    for (let at = Math.ceil((start - zone) / step) * step + zone; at <= end; at += step) found.push(at);
    return found;
  }
  function linesOf(chart, data, earlier) {
    const colours = palette(), lines = [];
    for (const line of chart.lines) {
      for (const one of data.series[line.query] || []) {
        if (!one.points.length) continue;
        const words = titled(one.labels, "");
        lines.push({ name: [line.name, words].filter(Boolean).join(" ") || chart.title, points: one.points, colour: colours[lines.length % colours.length], key: line.query + words });
      }
    }
    const top = lines.length > chart.most ? lines.sort((a, b) => b.points.at(-1)[1] - a.points.at(-1)[1]).slice(0, chart.most) : lines;
    for (const line of top) {
      const [query, words] = [chart.lines.find((item) => line.key.startsWith(item.query)).query, line.key];
      const past = earlier && (earlier.series[query] || []).find((one) => query + titled(one.labels, "") === words);
      line.past = past ? past.points : [];
    }
    return top;
  }
  function draw(context, box, chart, lines, data, hover) {
    const { x, y, width, height } = box, left = x + 56, right = x + width - 8, top = y + 8, bottom = y + height - 24;
    const values = lines.flatMap((line) => [...line.points, ...line.past]).map((point) => point[1]).filter(Number.isFinite);
    let most = Math.max(...values, chart.limit || 0), least = Math.min(0, ...values);
    if (chart.ceiling && most <= chart.ceiling) most = Math.min(chart.ceiling, most * 1.15 || chart.ceiling); else most *= 1.08;
    if (!(most > least)) most = least + 1;
    const px = (at) => left + ((at - data.start) / (data.end - data.start || 1)) * (right - left);
    const py = (value) => bottom - ((value - least) / (most - least)) * (bottom - top);
    context.font = "12px system-ui, sans-serif";
    context.lineWidth = 1;
    context.textBaseline = "middle";
    for (const value of ticks(least, most, 4)) {
      context.strokeStyle = colour("grid");
      context.beginPath(); context.moveTo(left, py(value)); context.lineTo(right, py(value)); context.stroke();
      context.fillStyle = colour("muted"); context.textAlign = "right";
      context.fillText(shown(value, chart.unit), left - 8, py(value));
    }
    context.textAlign = "center"; context.textBaseline = "top";
    for (const at of timeTicks(data.start, data.end, right - left)) {
      if (px(at) < left + 14 || px(at) > right - 14) continue;
      context.fillText(moment(at, data.end - data.start), px(at), bottom + 7);
    }
    if (chart.limit && chart.limit <= most) {
      context.strokeStyle = colour("red"); context.setLineDash([6, 5]);
      context.beginPath(); context.moveTo(left, py(chart.limit)); context.lineTo(right, py(chart.limit)); context.stroke();
      context.setLineDash([]);
    }
    context.save();
    context.beginPath(); context.rect(left, top - 2, right - left, bottom - top + 4); context.clip();
    const path = (points, gap) => {
      context.beginPath();
      let last = null;
      for (const [at, value] of points) {
        if (!Number.isFinite(value)) { last = null; continue; }
        if (last === null || at - last > gap) { context.moveTo(px(at), py(value)); context.lineTo(px(at) + 0.5, py(value)); } else context.lineTo(px(at), py(value));
        last = at;
      }
      context.stroke();
    };
    const gap = Math.max(data.step * 2.5, view.mode === "metrics" ? 120 : 0);
    context.lineJoin = "round"; context.lineCap = "round";
    for (const line of lines) {
      context.strokeStyle = line.colour;
      context.globalAlpha = 0.5; context.lineWidth = 1.5; context.setLineDash([3, 4]);
      if (line.past.length) path(line.past, gap);
      context.globalAlpha = 1; context.lineWidth = 2; context.setLineDash([]);
      path(line.points, gap);
    }
    context.restore();
    if (hover !== null && hover >= left && hover <= right) {
      const at = data.start + ((hover - left) / (right - left)) * (data.end - data.start);
      context.strokeStyle = colour("muted"); context.lineWidth = 1;
      context.beginPath(); context.moveTo(hover, top); context.lineTo(hover, bottom); context.stroke();
      return at;
    }
    return null;
  }
  const nearest = (points, at, most) => {
    let best = null;
    for (const point of points) if (best === null || Math.abs(point[0] - at) < Math.abs(best[0] - at)) best = point;
    return best && Math.abs(best[0] - at) <= most ? best : null;
  };
  function paint(card) {
    const { canvas, chart, tip, legend, none } = card, data = view.data;
    if (!data) return;
    const lines = linesOf(chart, data, view.compare ? view.earlier : null);
    none.hidden = lines.length > 0;
    canvas.parentElement.hidden = !lines.length;
    legend.replaceChildren(...lines.map((line) => {
      const mark = make("i"); mark.style.background = line.colour;
      return make("span", {}, mark, line.name);
    }));
    if (!lines.length) return;
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) return;
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const at = draw(context, { x: 0, y: 0, width, height }, chart, lines, data, card.hover);
    canvas.setAttribute("aria-label", `${chart.title}: ${lines.map((line) => `${line.name} ${shown(line.points.at(-1)[1], chart.unit)}`).join(", ")}`);
    tip.hidden = at === null;
    if (at === null) return;
    const rows = lines.map((line) => [line, nearest(line.points, at, data.step * 2 + 60), nearest(line.past, at, data.step * 2 + 60)]).filter(([, now]) => now);
    tip.hidden = !rows.length;
    tip.replaceChildren(make("div", { textContent: new Date(at * 1000).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" }) }), ...rows.map(([line, now, past]) =>
      make("div", { textContent: `${line.name}: ${shown(now[1], chart.unit)}${past ? ` (before ${shown(past[1], chart.unit)})` : ""}` })));
    tip.style.top = "8px";
    tip.style.left = `${Math.min(Math.max(0, card.hover + 12), Math.max(0, width - tip.offsetWidth))}px`;
  }
  function build(chart) {
    const canvas = make("canvas"), tip = make("div", { className: "tip", hidden: true }), legend = make("div", { className: "legend" });
    const none = make("p", { className: "empty", textContent: "Nothing measured in this range.", hidden: true });
    canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", chart.title);
    const save = make("button", { type: "button", className: "save", textContent: "PNG" });
    save.setAttribute("aria-label", `Export ${chart.title} as PNG`);
    const title = make("h2", { textContent: chart.title }), top = make("header", {}, title, save);
    const card = { canvas, tip, legend, none, chart, hover: null };
    save.addEventListener("click", () => picture([card], chart.id));
    canvas.addEventListener("pointermove", (event) => { card.hover = event.offsetX; paint(card); });
    canvas.addEventListener("pointerleave", () => { card.hover = null; paint(card); });
    $("charts").append(make("article", { className: "card" }, top, make("div", { className: "chart" }, canvas, tip), legend, none));
    new ResizeObserver(() => paint(card)).observe(canvas.parentElement);
    view.charts.set(chart.id, card);
  }
  /* All charts on one canvas, as they are on the page: title, legend, lines. */
  function picture(cards, name) {
    if (!view.data) return;
    const width = cards.length > 1 ? 1400 : 900, columns = cards.length > 1 ? 2 : 1, cell = width / columns, tall = 330;
    const canvas = make("canvas"), head = 56;
    canvas.width = width * 2; canvas.height = (head + Math.ceil(cards.length / columns) * tall) * 2;
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    context.fillStyle = colour("background"); context.fillRect(0, 0, width, canvas.height);
    const write = (text, x, y, size, tone) => { context.font = `${size} system-ui, sans-serif`; context.fillStyle = colour(tone); context.textAlign = "left"; context.textBaseline = "top"; context.fillText(text, x, y); };
    const zone = { dateStyle: "medium", timeStyle: "short" };
    write(`${document.title} · ${new Date(view.data.start * 1000).toLocaleString("en", zone)} to ${new Date(view.data.end * 1000).toLocaleString("en", zone)}`, 20, 18, "600 16px", "text");
    cards.forEach((card, place) => {
      const x = (place % columns) * cell + 12, y = head + Math.floor(place / columns) * tall;
      const lines = linesOf(card.chart, view.data, view.compare ? view.earlier : null);
      write(card.chart.title, x + 8, y, "600 15px", "text");
      if (!lines.length) return write("Nothing measured in this range.", x + 8, y + 30, "14px", "muted");
      draw(context, { x, y: y + 24, width: cell - 24, height: 250 }, card.chart, lines, view.data, null);
      let at = x + 8;
      for (const line of lines) {
        context.fillStyle = line.colour; context.fillRect(at, y + 288, 14, 3);
        write(line.name, at + 20, y + 282, "13px", "muted");
        at += 36 + context.measureText(line.name).width;
        if (at > x + cell - 100) break;
      }
    });
    canvas.toBlob((blob) => {
      const link = make("a", { href: URL.createObjectURL(blob), download: `${name}-${new Date().toISOString().slice(0, 16).replace(/[-:]/g, "")}.png` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }, "image/png");
  }

  // ---- tiles, alerts, model ---------------------------------------------------------------------------------
  const latest = (data, query, reduce) => {
    const values = ((data && data.series[query]) || []).map((one) => one.points.at(-1)).filter((point) => point && Number.isFinite(point[1]) && point[0] >= data.end - Math.max(data.step * 3, 300)).map((point) => point[1]);
    return values.length ? reduce(...values) : NaN;
  };
  const mean = (data, query) => {
    const values = ((data && data.series[query]) || []).flatMap((one) => one.points.map((point) => point[1])).filter(Number.isFinite);
    return values.length ? values.reduce((sum, one) => sum + one, 0) / values.length : NaN;
  };
  const REDUCE = { min: Math.min, max: Math.max, sum: (...all) => all.reduce((one, other) => one + other, 0), drifted: (...all) => all.filter((one) => one >= 0.25).length };
  function tiles() {
    $("tiles").replaceChildren(...config.tiles.map((tile) => {
      const value = latest(view.data, tile.query, REDUCE[tile.reduce]);
      const level = !Number.isFinite(value) ? "" : tile.below ? (value < tile.bad ? "bad" : "") : value > tile.bad ? "bad" : tile.warn && value > tile.warn ? "warn" : "";
      const single = tile.reduce !== "drifted" && ((view.earlier?.series[tile.query]) || []).length === 1;
      const was = view.compare && single ? mean(view.earlier, tile.query) : NaN;
      return make("div", { className: `tile ${level}` }, make("div", { className: "name", textContent: tile.title }),
        make("div", { className: "value", textContent: shown(value, tile.unit) }),
        make("div", { className: "was", textContent: Number.isFinite(was) ? `mean before ${shown(was, tile.unit)}` : "" }));
    }));
  }
  function alertRow(severity, words, title, since) {
    const badge = make("span", { className: `badge ${severity}`, textContent: severity || "alert" });
    const when = make("span", { className: "when", textContent: since });
    return make("div", { className: "alert" }, badge, make("span", { textContent: words, title }), when);
  }
  async function alerts() {
    let rows;
    try {
      if (view.mode !== "api") throw new Error("no /api/v1");
      const data = await ask("alerts", {});
      const rank = ["critical", "high", "moderate", "low"];
      const place = (alert) => (rank.indexOf(alert.labels.severity) + rank.length + 1) % (rank.length + 1);
      const active = data.alerts.filter((alert) => alert.state !== "inactive" && (!view.job || !alert.labels.job || alert.labels.job === view.job));
      active.sort((a, b) => place(a) - place(b) || (a.labels.alertname < b.labels.alertname ? -1 : 1));
      rows = active.map((alert) => alertRow(alert.labels.severity || "", alert.annotations?.summary || alert.labels.alertname, alert.labels.alertname,
        `${alert.state === "pending" ? "pending" : "firing"}, ${ago((Date.now() - Date.parse(alert.activeAt)) / 1000)}`));
    } catch { // no rules are evaluated here: the levels themselves
      rows = config.tiles.filter((tile) => {
        const value = latest(view.data, tile.query, REDUCE[tile.reduce]);
        return Number.isFinite(value) && (tile.below ? value < tile.bad : value > tile.bad);
      }).map((tile) => alertRow(tile.severity, `${tile.title}: ${shown(latest(view.data, tile.query, REDUCE[tile.reduce]), tile.unit)}`, tile.title, "now"));
    }
    const none = make("p", { className: "empty" }, make("span", { className: "badge good", textContent: "none" }), " Nothing is firing.");
    $("alerts").replaceChildren(...(rows.length ? rows : [none]));
  }
  function model() {
    const found = (view.data?.series.f1 || []).map((one) => titled(one.labels, "")).filter(Boolean);
    const pairs = [...config.model, ["Measured", found.join(", ") || "–"]];
    $("model").replaceChildren(...pairs.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]));
  }

  // ---- the round --------------------------------------------------------------------------------------------
  function say(notice) { $("notice").hidden = !notice; $("notice").textContent = notice; }
  async function jobs() {
    if (view.mode !== "api") return;
    const names = await ask("label/job/values", {}).catch(() => []);
    const kept = new Set([...$("job").options].map((option) => option.value));
    for (const name of names) if (!kept.has(name)) $("job").append(make("option", { value: name, textContent: name }));
  }
  async function refresh() {
    if (view.busy) { view.again = true; return; }
    view.busy = true;
    try {
      if (!view.mode) {
        view.mode = await chooseMode();
        const alone = view.mode === "metrics";
        for (const button of $("ranges").children) button.disabled = alone;
        $("compare").disabled = $("job").disabled = alone;
      }
      const alone = view.mode === "metrics";
      view.data = alone ? await fromMetrics() : await fromApi(0);
      view.earlier = view.compare && !alone ? await fromApi(RANGES[view.range]) : null;
      view.good = Date.now();
      say(alone ? "This address answers /metrics but keeps no history: charts show what was seen since the page was opened." : "");
      $("state").textContent = `Updated ${new Date().toLocaleTimeString("en", { hour12: false })}, every 30 s`;
      await Promise.all([jobs(), alerts()]);
    } catch (error) {
      const why = location.protocol === "file:" ? "open this page from the address that serves /metrics or /api/v1, not as a file" : error.message;
      say(`${why[0].toUpperCase()}${why.slice(1)}.${view.good ? ` What is shown is ${ago((Date.now() - view.good) / 1000)} old.` : ""}`);
      $("state").textContent = "No answer";
    } finally {
      view.busy = false;
    }
    tiles(); model();
    for (const card of view.charts.values()) paint(card);
    document.documentElement.dataset.drawn = String(Number(document.documentElement.dataset.drawn || 0) + 1);
    if (view.again) { view.again = false; await refresh(); }
  }
  const stored = (value) => { try { return value === undefined ? localStorage.getItem("bellwether-theme") : localStorage.setItem("bellwether-theme", value); } catch { return null; } };
  function dress(name) { if (name) document.documentElement.dataset.theme = name; for (const card of view.charts.values()) paint(card); }

  for (const name of Object.keys(RANGES)) {
    const button = make("button", { type: "button", textContent: name });
    button.setAttribute("aria-pressed", String(name === view.range));
    button.addEventListener("click", () => {
      view.range = name;
      for (const other of $("ranges").children) other.setAttribute("aria-pressed", String(other === button));
      refresh();
    });
    $("ranges").append(button);
  }
  $("compare").addEventListener("change", (event) => { view.compare = event.target.checked; refresh(); });
  $("job").addEventListener("change", (event) => { view.job = event.target.value; refresh(); });
  $("export").addEventListener("click", () => picture([...view.charts.values()], "metrics"));
  $("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    const other = dark === "dark" ? "light" : "dark";
    stored(other); dress(other);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dress(""));
  dress(stored());
  config.charts.forEach(build);
  model();
  refresh();
  setInterval(() => { if (!document.hidden) refresh(); }, REFRESH);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() - view.good > REFRESH) refresh(); });
})();
