"use strict";
(async () => {
  const GROUPS = { diagnosis: "Diagnosis", tail: "Power law of the tail", noise: "Noise and signal", size: "Norms and ranks", layer: "The layer" };
  const FIRST = ["num_spikes", "stable_rank", "log_norm", "alpha", "effective_rank", "verdict"];
  const COLOURS = ["#0550ae", "#b35900", "#1a7f37", "#8250df", "#a40e26", "#57606a"];
  const MANY = 12; // lines of single layers that are told apart by colours
  const byId = (id) => document.getElementById(id);

  async function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function element(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  function draw(place, picture) {
    const layout = {
      ...picture.layout, autosize: true, paper_bgcolor: "white", plot_bgcolor: "#f6f8fa",
      font: { family: "system-ui, sans-serif", size: 12, color: "#1b1f24" },
      margin: { t: 20, r: 15, b: 55, l: 65 },
    };
    return Plotly.newPlot(place, picture.data, layout, { responsive: true, displayModeBar: false });
  }

  function figure(picture, name) {
    const made = element("figure");
    const place = element("div", null, { class: "picture", role: "img", "aria-label": `${name}. ${picture.caption}` });
    made.append(place, element("figcaption", picture.caption));
    return [made, () => draw(place, picture)];
  }

  const data = await unpacked(byId("data").textContent.trim());
  const several = data.models.length > 1;

  // ---- the layers

  const present = (sign) => (a, b) => {
    const missing = (value) => value === "" || Number.isNaN(Number(value));
    if (missing(a) || missing(b)) return missing(a) - missing(b); // missing numbers are last in both orders
    return sign * (Number(a) - Number(b));
  };
  DataTable.ext.type.order["present-asc"] = present(1);
  DataTable.ext.type.order["present-desc"] = present(-1);

  const table = new DataTable("#table", {
    paging: false, info: false, order: [], layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
    columnDefs: [{ targets: "number", type: "present" }],
  });
  const place = several ? 2 : 1;
  const kinds = new Set(table.column(place).nodes().toArray().map((cell) => cell.textContent.split(":")[0]));
  for (const kind of [...kinds].sort()) byId("verdict").append(element("option", kind, { value: kind }));
  const shown = () => {
    const num = table.rows({ search: "applied" }).count();
    byId("count").textContent = `${num} of ${table.rows().count()} rows`;
  };
  table.search.fixed("chosen", (_, __, index) => {
    const row = table.row(index).node();
    const verdict = byId("verdict").value, model = several ? byId("model").value : "";
    const found = row.cells[place].textContent.split(":")[0];
    return (!verdict || found === verdict) && (!model || row.dataset.model === model);
  });
  byId("search").addEventListener("input", (event) => table.search(event.target.value).draw());
  byId("verdict").addEventListener("change", () => table.draw());
  if (several) byId("model").addEventListener("change", () => table.draw());
  table.on("draw", shown);
  shown();

  // ---- one layer

  const dialog = byId("detail");

  function remember(place) {
    try {
      history.replaceState(null, "", place);
    } catch (error) {
      if (error.name !== "SecurityError") throw error; // a frame without an address of its own
    }
  }

  let current = 0;

  function numbers(layer) {
    const made = element("table", null, { class: "numbers" });
    const head = made.createTHead();
    const there = layer.models.map((values, i) => [values, i]).filter(([values]) => values);
    if (several) {
      const names = head.insertRow();
      names.append(element("td"));
      for (const [, i] of there) names.append(element("th", data.briefs[i], { scope: "colgroup", colspan: 3 }));
    }
    const heads = head.insertRow();
    heads.append(element("th", "quantity", { scope: "col" }));
    for (const _ of there) for (const word of ["value", "how sure", "noise gives"]) heads.append(element("th", word, { scope: "col" }));
    let group = "";
    data.variables.forEach(([name, meaning, units, formula, source, subject], j) => {
      if (there.every(([values]) => values[j][0] === "-")) return;
      if (subject !== group) {
        made.append(element("tbody"));
        const row = made.tBodies[made.tBodies.length - 1].insertRow();
        row.className = "group";
        row.append(element("th", GROUPS[subject], { scope: "rowgroup", colspan: 1 + 3 * there.length }));
        group = subject;
      }
      const row = made.tBodies[made.tBodies.length - 1].insertRow();
      const first = element("th", `${name}: ${meaning}`, { scope: "row" });
      const more = [units === "w2" ? "in weight units squared" : units === "w" ? "in weight units" : "", formula, source].filter(Boolean).join("; ");
      first.append(element("span", more, { class: "formula" }));
      row.append(first);
      for (const [values] of there) for (const text of values[j]) row.append(element("td", text));
    });
    return made;
  }

  function open(index) {
    current = index;
    const layer = data.layers[index], body = byId("detail-body"), drawn = [];
    byId("detail-name").replaceChildren(element("bdi", layer.name));
    body.replaceChildren();
    const pictures = element("div", null, { class: "pictures" });
    layer.pictures.forEach((each, i) => each.forEach((picture) => {
      const [made, later] = figure(picture, several ? data.briefs[i] : layer.name);
      if (several) made.prepend(element("h3", data.briefs[i]));
      pictures.append(made);
      drawn.push(later);
    }));
    const box = element("div", null, { class: "wide", tabindex: 0, role: "region", "aria-label": "Numbers of the layer" });
    box.style.maxHeight = "none";
    box.append(numbers(layer));
    body.append(pictures, box);
    byId("before").disabled = index === 0;
    byId("after").disabled = index === data.layers.length - 1;
    const was = document.activeElement;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    if (was && was.parentElement === byId("before").parentElement && !was.disabled) was.focus();
    else byId("detail-name").focus();
    remember(`#layer-${index}`);
    return Promise.all(drawn.map((later) => later()));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.layer");
    if (button) open(Number(button.dataset.layer));
  });
  byId("before").addEventListener("click", () => open(current - 1));
  byId("after").addEventListener("click", () => open(current + 1));
  byId("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => remember("#layers"));

  function follow() {
    const asked = /^#layer-(\d+)$/.exec(location.hash);
    if (asked && Number(asked[1]) < data.layers.length) open(Number(asked[1]));
  }
  window.addEventListener("hashchange", follow);

  // ---- pictures of the whole

  if (data.pictures.length) {
    byId("pictures").hidden = false;
    for (const picture of data.pictures) {
      const [made, later] = figure(picture, "all layers");
      byId("model-pictures").append(made);
      later();
    }
  }

  // ---- models side by side

  function compare() {
    const chosen = Number(byId("quantity").value), [name, meaning, , , , , kind] = data.variables[chosen];
    const value = (layer, i) => (layer.models[i] ? layer.models[i][chosen][0] : "-");
    const rows = data.layers.map((layer) => data.models.map((_, i) => value(layer, i)));
    const matrix = byId("matrix");
    if (DataTable.isDataTable(matrix)) new DataTable.Api(matrix).destroy();
    matrix.replaceChildren();
    const head = matrix.createTHead().insertRow();
    head.append(element("th", "layer", { scope: "col" }));
    for (const model of data.briefs) head.append(element("th", model, { scope: "col" }));
    const body = matrix.createTBody();
    rows.forEach((texts, index) => {
      const row = body.insertRow();
      const first = element("th", null, { scope: "row", "data-order": String(index).padStart(6, "0") });
      const button = element("button", null, { type: "button", class: "layer", "data-layer": index });
      button.append(element("bdi", data.layers[index].name.length > 64 ? `${data.layers[index].name.slice(0, 40)}…${data.layers[index].name.slice(-20)}` : data.layers[index].name));
      first.append(button);
      row.append(first);
      for (const text of texts) {
        const number = Number(text.replaceAll(",", ""));
        row.append(element("td", text, kind === "flag" || kind === "str" ? {} : { "data-order": text === "-" || Number.isNaN(number) ? "" : String(number), class: "number" }));
      }
    });
    new DataTable(matrix, {
      columnDefs: kind === "flag" || kind === "str" ? [] : [{ targets: data.models.map((_, i) => i + 1), type: "present" }],
      paging: false, info: false, order: [], layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null } });
    const figureBox = byId("series");
    const isNumber = kind !== "flag" && kind !== "str";
    figureBox.parentElement.hidden = !isNumber;
    if (!isNumber) return;
    const parsed = rows.map((texts) => texts.map((text) => { const found = Number(text.replaceAll(",", "")); return text === "-" || Number.isNaN(found) ? null : found; }));
    const many = parsed.length > MANY, x = data.models.map((_, i) => i);
    const sides = ["N", "M"].map((side) => data.variables.findIndex((variable) => variable[0] === side));
    const shape = (layer, i) => (layer.models[i] ? sides.map((side) => layer.models[i][side]?.[0]).join(" x ") : "");
    let differ = 0;
    const pieces = parsed.flatMap((y, index) => {
      const shapes = x.map((i) => shape(data.layers[index], i)), known = [...new Set(shapes.filter(Boolean))];
      if (known.length > 1) differ += 1;
      return known.map((one) => [y.map((value, i) => (shapes[i] === one ? value : null)), index]);
    });
    const traces = pieces.map(([y, index]) => ({
      x, y, mode: "lines+markers", name: data.layers[index].label, showlegend: !many, opacity: many ? 0.45 : 1,
      line: { width: many ? 1 : 2, color: many ? "#8c959f" : COLOURS[index % COLOURS.length], dash: many ? "solid" : ["solid", "dash", "dot"][Math.floor(index / COLOURS.length) % 3] },
      hovertemplate: `${data.layers[index].label}<br>%{y:.4g}<extra></extra>`,
    }));
    const median = (values) => { const known = values.filter((v) => v !== null).sort((a, b) => a - b), half = known.length >> 1; return known.length ? (known.length % 2 ? known[half] : (known[half - 1] + known[half]) / 2) : null; };
    if (many) traces.push({ x, y: x.map((i) => median(parsed.map((row) => row[i]))), mode: "lines+markers", name: "median", showlegend: true, line: { width: 3, color: COLOURS[0] }, hovertemplate: "median %{y:.4g}<extra></extra>" });
    const caption = `${meaning}, of each layer in each model${many ? "; grey: single layers, blue: their median" : ""}.${differ ? ` Of ${differ} layers the shape differs between models: these are not joined.` : ""}`;
    byId("series-caption").textContent = caption;
    figureBox.setAttribute("role", "img");
    figureBox.setAttribute("aria-label", caption);
    draw(figureBox, { data: traces, layout: { xaxis: { tickvals: x, ticktext: data.labels, automargin: true }, yaxis: { title: { text: name } } } });
  }

  if (several) {
    const numbersOf = data.variables.map((variable, j) => [variable, j]).filter(([, j]) => data.layers.some((layer) => layer.models.some((values) => values && values[j][0] !== "-")));
    numbersOf.sort(([a], [b]) => (FIRST.indexOf(a[0]) + 1 || 99) - (FIRST.indexOf(b[0]) + 1 || 99));
    for (const [variable, j] of numbersOf) byId("quantity").append(element("option", `${variable[0]}: ${variable[1]}`, { value: j }));
    byId("quantity").addEventListener("change", compare);
    if (numbersOf.length) compare();
    else byId("quantity").closest("p").hidden = true;
  }

  follow();
  document.documentElement.dataset.ready = "yes";
})();
