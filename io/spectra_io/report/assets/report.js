"use strict";
(async () => {
  const { element, show } = Charts;
  const GROUPS = { diagnosis: "Diagnosis", tail: "Power law of the tail", noise: "Noise and signal", size: "Norms and ranks", layer: "The layer" };
  const FIRST = ["stable_rank", "log_norm", "alpha", "num_spikes", "effective_rank", "verdict"]; // the first has a chart
  const LEAD = ["verdict", "verdict_reason", "alpha", "num_tail", "power_law_support", "num_spikes", "phase_num_excess", "stable_rank", "N", "M"];
  const MANY = 12; // lines of single layers that are told apart by colours
  const LONG = 600; // characters of a caption that is folded away
  const byId = (id) => document.getElementById(id);

  async function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function explained(page, text) {
    return element("a", text, { href: `${data.documentation}/${page}`, target: "_blank", rel: "noopener noreferrer" });
  }

  function figure(picture, name, atOnce = false) {
    const made = element("figure"), caption = element("figcaption");
    const place = element("div", null, { class: "picture", role: "img", "aria-label": `${name}. ${picture.caption}` });
    if (picture.caption.length > LONG) {
      const more = element("details");
      more.append(element("summary", "In words"), picture.caption);
      caption.append(more);
    } else caption.append(picture.caption, " ");
    caption.append(explained(picture.page, "The method"));
    made.append(place, element("ul", null, { class: "legend" }), caption);
    return [made, () => show(place, () => picture, atOnce)];
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
  const NEAR = "near the border to another phase";
  const verdictOf = (cell) => (cell.querySelector(".verdict")?.textContent ?? "").split(":")[0];
  const cells = table.column(place).nodes().toArray();
  for (const kind of [...new Set(cells.map(verdictOf))].sort()) byId("verdict").append(element("option", kind, { value: kind }));
  if (cells.some((cell) => cell.querySelector(".near"))) byId("verdict").append(element("option", `≈ ${NEAR}`, { value: NEAR }));
  const shown = () => {
    const num = table.rows({ search: "applied" }).count();
    byId("count").textContent = `${num} of ${table.rows().count()} rows`;
  };
  table.search.fixed("chosen", (_, __, index) => {
    const row = table.row(index).node();
    const verdict = byId("verdict").value, model = several ? byId("model").value : "";
    const cell = row.cells[place], found = verdict === NEAR ? cell.querySelector(".near") && NEAR : verdictOf(cell);
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

  function folded(title, width) { // rows below a head that opens and closes them
    const made = element("tbody", null, { class: "folded" }), row = made.insertRow();
    const button = element("button", title, { type: "button", "aria-expanded": "false" });
    const head = element("th", null, { scope: "rowgroup", colspan: width });
    button.addEventListener("click", () => button.setAttribute("aria-expanded", String(!made.classList.toggle("folded"))));
    row.className = "group";
    head.append(button);
    row.append(head);
    return made;
  }

  function numbers(layer) {
    const made = element("table", null, { class: "numbers" }), lead = made.createTBody();
    const head = made.createTHead();
    const there = layer.models.map((values, i) => [values, i]).filter(([values]) => values);
    if (several) {
      const names = head.insertRow();
      names.append(element("td"));
      for (const [, i] of there) names.append(element("th", data.briefs[i], { scope: "colgroup", colspan: 3, title: data.models[i] }));
    }
    const heads = head.insertRow();
    heads.append(element("th", "quantity", { scope: "col" }));
    for (const _ of there) for (const word of ["value", "how sure", "noise gives"]) heads.append(element("th", word, { scope: "col" }));
    const bodies = new Map();
    const bodyOf = (subject) => {
      if (!bodies.has(subject)) bodies.set(subject, made.appendChild(folded(GROUPS[subject], 1 + 3 * there.length)));
      return bodies.get(subject);
    };
    const places = data.variables.map((_, j) => j).filter((j) => there.some(([values]) => values[j][0] !== "-"));
    const rank = (j) => LEAD.indexOf(data.variables[j][0]);
    const lines = [...places.filter((j) => rank(j) >= 0).sort((a, b) => rank(a) - rank(b)), ...places.filter((j) => rank(j) < 0)];
    for (const j of lines) {
      const [name, meaning, units, formula, subject, , page] = data.variables[j];
      const row = (rank(j) >= 0 ? lead : bodyOf(subject)).insertRow();
      const first = element("th", null, { scope: "row" });
      first.append(explained(page, name), `: ${meaning}`);
      const more = [units === "w2" ? "in weight units squared" : units === "w" ? "in weight units" : "", formula].filter(Boolean).join("; ");
      first.append(element("span", more, { class: "formula" }));
      row.append(first);
      for (const [values] of there) for (const text of values[j]) row.append(element("td", text));
    }
    return made;
  }

  function open(index) {
    current = index;
    const layer = data.layers[index], body = byId("detail-body"), drawn = [];
    byId("detail-name").replaceChildren(element("bdi", layer.name));
    body.replaceChildren();
    const shown = element("div", null, { class: "pictures" });
    layer.pictures.forEach((each, i) => each.forEach((picture) => {
      const [made, later] = figure(picture, several ? data.briefs[i] : layer.name);
      if (several) made.prepend(element("h3", data.briefs[i], { title: data.models[i] }));
      shown.append(made);
      drawn.push(later);
    }));
    const box = element("div", null, { class: "wide", tabindex: 0, role: "region", "aria-label": "Numbers of the layer" });
    box.append(numbers(layer));
    body.append(shown, box);
    byId("before").disabled = index === 0;
    byId("after").disabled = index === data.layers.length - 1;
    const was = document.activeElement;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    if (was && was.parentElement === byId("before").parentElement && !was.disabled) was.focus();
    else byId("detail-name").focus();
    remember(`#layer-${index}`);
    drawn.forEach((later) => later());
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
      const [made, later] = figure(picture, "all layers", true);
      byId("model-pictures").append(made);
      later();
    }
  }

  // ---- models side by side

  const known = (layer, i, j) => layer.models[i]?.[j][0] ?? "-";
  const parsed = (text) => { const found = Number(text.replaceAll(",", "").replace(/^</, "")); return text === "-" || Number.isNaN(found) ? null : found; };
  const middle = (name) => (name.length > 64 ? `${name.slice(0, 40)}…${name.slice(-20)}` : name);

  function compare() {
    const chosen = Number(byId("quantity").value), variable = data.variables[chosen];
    const rows = data.layers.map((layer) => data.models.map((_, i) => known(layer, i, chosen)));
    const isNumber = variable[5] !== "flag" && variable[5] !== "str";
    tabulate(rows, isNumber, variable[0]);
    const [chart, later] = isNumber ? series(rows.map((texts) => texts.map(parsed)), variable) : [];
    byId("series").replaceChildren(...(chart ? [chart] : []));
    later?.(); // drawn at once, when it has its width
  }

  function tabulate(rows, isNumber, name) {
    const matrix = byId("matrix");
    if (DataTable.isDataTable(matrix)) new DataTable.Api(matrix).destroy();
    matrix.replaceChildren();
    const head = matrix.createTHead().insertRow();
    head.append(element("th", "layer", { scope: "col" }));
    data.briefs.forEach((model, i) => head.append(element("th", model, { scope: "col", title: data.models[i], ...(isNumber ? { class: "number" } : {}) })));
    const body = matrix.createTBody();
    body.id = "matrix-rows";
    body.tabIndex = -1;
    rows.forEach((texts, index) => {
      const row = body.insertRow(), { name: layer } = data.layers[index];
      const first = element("th", null, { scope: "row", "data-order": String(index).padStart(6, "0") });
      const button = element("button", null, { type: "button", class: "layer", "data-layer": index });
      button.append(element("bdi", middle(layer)));
      first.append(button);
      row.append(first);
      for (const text of texts) {
        const chip = name === "verdict" && text !== "-";
        const cell = element("td", chip ? "" : text, isNumber ? { "data-order": parsed(text) ?? "", class: "number" } : {});
        if (chip) cell.append(element("span", text, { class: `verdict ${text.replaceAll(" ", "-")}` }));
        row.append(cell);
      }
    });
    new DataTable(matrix, {
      columnDefs: isNumber ? [{ targets: data.models.map((_, i) => i + 1), type: "present" }] : [],
      paging: false, info: false, order: [], layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null } });
  }

  function median(values) {
    const there = values.filter((value) => value !== null).sort((a, b) => a - b), half = there.length >> 1;
    return there.length === 0 ? null : there.length % 2 ? there[half] : (there[half - 1] + there[half]) / 2;
  }

  function pieces(values) { // a line of each layer, broken where its shape changes; and how many are
    const sides = ["N", "M"].map((side) => data.variables.findIndex((variable) => variable[0] === side));
    const shape = (layer, i) => (layer.models[i] ? sides.map((side) => layer.models[i][side]?.[0]).join(" x ") : "");
    let differ = 0;
    const lines = values.flatMap((y, index) => {
      const shapes = y.map((_, i) => shape(data.layers[index], i)), kinds = [...new Set(shapes.filter(Boolean))];
      if (kinds.length > 1) differ += 1;
      return kinds.map((one) => [y.map((value, i) => (shapes[i] === one ? value : null)), index]);
    }).filter(([y]) => y.some((value) => value !== null));
    return [lines, differ];
  }

  function shortly(name, meaning) { // what stands beside an axis
    const [words] = meaning.split(",");
    return words.length <= 48 ? words : name;
  }

  function series(values, [name, meaning, , , , , page]) {
    const many = values.length > MANY, x = data.models.map((_, i) => i), [lines, differ] = pieces(values);
    const caption = `${meaning}, of each layer in each model${many ? "; thin: single layers, thick: their median" : ""}.${differ ? ` Of ${differ} layers the shape differs between models: these are not joined.` : ""}`;
    const middles = x.map((i) => median(values.map((row) => row[i])));
    const picture = (colours) => {
      const named = new Set(), first = (index) => !named.has(index) && Boolean(named.add(index)); // one entry for each layer
      const traces = lines.map(([y, index]) => ({
        x, y, mode: "lines+markers", name: data.layers[index].label, showlegend: first(index) && !many, opacity: many ? 0.45 : 1, customdata: data.wholes,
        line: { width: many ? 1 : 2, color: many ? colours.grey : colours.series[index % 6], dash: many ? "solid" : ["solid", "dash", "dot"][Math.floor(index / 6) % 3] },
        hovertemplate: `${data.layers[index].label}<br>%{customdata}<br>%{y:.4g}<extra></extra>`,
      }));
      if (many) traces.push({ x, y: middles, mode: "lines+markers", name: "median", showlegend: true, line: { width: 3, color: colours.series[0] }, hovertemplate: "median %{y:.4g}<extra></extra>" });
      return { data: traces, layout: { xaxis: { tickvals: x, ticktext: data.labels, zeroline: false }, yaxis: { title: { text: shortly(name, meaning) } } } };
    };
    const [made] = figure({ caption, page }, "models side by side");
    return [made, () => show(made.firstElementChild, picture, true)];
  }

  function menu() {
    const numbersOf = data.variables.map((variable, j) => [variable, j]).filter(([, j]) => data.layers.some((layer) => data.models.some((_, i) => known(layer, i, j) !== "-")));
    const option = ([variable, j]) => element("option", `${variable[0]}: ${variable[1]}`, { value: j });
    const add = (label, found) => {
      if (!found.length) return;
      const group = element("optgroup", null, { label });
      group.append(...found.map(option));
      byId("quantity").append(group);
    };
    const place = ([variable]) => FIRST.indexOf(variable[0]);
    add("Asked for most", numbersOf.filter((each) => place(each) >= 0).sort((a, b) => place(a) - place(b)));
    for (const [group, label] of Object.entries(GROUPS)) add(label, numbersOf.filter((each) => each[0][4] === group && place(each) < 0));
    return numbersOf.length;
  }

  if (several) {
    byId("quantity").addEventListener("change", compare);
    if (menu()) compare();
    else byId("quantity").closest("p").hidden = true;
  }

  follow();
  document.documentElement.dataset.ready = "yes";
})();
