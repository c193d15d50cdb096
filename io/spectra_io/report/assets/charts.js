"use strict";
// Charts: drawn at once or when they come into view, in the colours of the screen or of paper.
const Charts = (() => {
  const LIGHT = { ink: "#1b1f24", line: "#d0d7de", paper: "#ffffff", shade: "#f6f8fa", grey: "#8c959f", series: ["#0550ae", "#b35900", "#1a7f37", "#8250df", "#a40e26", "#57606a"] };
  const DARK = { ink: "#e6edf3", line: "#3d444d", paper: "#0d1117", shade: "#161b22", grey: "#7d8590", series: ["#79c0ff", "#ffa657", "#56d364", "#d2a8ff", "#ff9492", "#b1bac4"] };
  const SIGNS = { circle: "●", "circle-open": "○", square: "■", "square-open": "□", diamond: "◆", "diamond-open": "◇", "triangle-up": "▲", "triangle-up-open": "△", "triangle-down": "▼", "triangle-down-open": "▽", cross: "✚", x: "✖", star: "★", "star-open": "☆", "line-ew": "―", "line-ew-open": "―", "line-ns": "|", "line-ns-open": "|", "circle-x-open": "⊗", "x-thin-open": "×" };
  const IN_CHART = 8; // entries of a legend that stand in the chart
  const PRINTED = 640; // pixels of a chart on paper

  function element(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  const dark = matchMedia("(prefers-color-scheme: dark)"), narrow = matchMedia("(max-width: 640px)");
  let printing = false;
  const pictures = new Map(); // what is drawn in each place, as a function of the colours
  const look = () => (dark.matches && !printing ? DARK : LIGHT);

  function draw(place) {
    const colours = look(), picture = pictures.get(place)(colours), given = picture.layout;
    const entries = picture.data.filter((trace) => trace.name && trace.showlegend !== false);
    const below = printing || narrow.matches || entries.length > IN_CHART;
    const grid = { gridcolor: colours.line, zerolinecolor: colours.line, linecolor: colours.line, automargin: true };
    const layout = {
      ...given, autosize: true, paper_bgcolor: colours.paper, plot_bgcolor: colours.shade,
      font: { family: "system-ui, sans-serif", size: 12, color: colours.ink },
      margin: { t: 20, r: 15, b: 55, l: 65 }, showlegend: !below && entries.length > 0,
      hoverlabel: { ...given.hoverlabel, bgcolor: colours.paper, bordercolor: colours.ink, font: { color: colours.ink } },
      xaxis: { ...given.xaxis, ...grid }, yaxis: { ...given.yaxis, ...grid },
      ...(printing ? { width: Math.min(PRINTED, place.clientWidth) } : {}),
    };
    place.nextElementSibling.replaceChildren(...(below ? entries.map(legendEntry) : []));
    return Plotly.react(place, picture.data, layout, { responsive: true, displayModeBar: false });
  }

  function legendEntry(trace) {
    const pick = (value) => (Array.isArray(value) ? value[0] : value);
    const filled = Boolean(trace.fill), lines = !filled && (trace.mode || "").includes("lines");
    const symbol = filled ? "square" : pick(trace.marker?.symbol) ?? (trace.type === "bar" ? "square" : "circle");
    const colour = pick(filled || lines ? trace.line?.color : trace.marker?.color);
    const made = element("li"), swatch = element("span", null, { class: lines ? "swatch line" : "swatch", "data-sign": lines ? "" : SIGNS[symbol] ?? "●" });
    if (typeof colour === "string" && !colour.startsWith("rgba(0,0,0,0")) swatch.style.color = colour;
    if (trace.line?.dash && trace.line.dash !== "solid") swatch.style.borderTopStyle = trace.line.dash === "dot" ? "dotted" : "dashed";
    const words = element("span");
    words.append(...written(trace.name));
    made.append(swatch, words);
    return made;
  }

  function written(words) { // the markup of plotly: breaks, raised and lowered letters, letters as numbers
    const plain = (text) => text.replace(/&#(\d+);/g, (_, number) => String.fromCodePoint(Number(number)));
    return words.replaceAll("<br>", " ").split(/(<su[pb]>.*?<\/su[pb]>)/).map((part) => {
      const found = /^<(su[pb])>(.*)<\/su[pb]>$/.exec(part);
      return found ? element(found[1], plain(found[2])) : document.createTextNode(plain(part));
    });
  }

  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) { seen.unobserve(target); draw(target); }
  }, { rootMargin: "300px" });

  function show(place, picture, atOnce = false) {
    pictures.set(place, picture);
    if (atOnce || place.classList.contains("js-plotly-plot")) draw(place);
    else seen.observe(place);
  }

  function redraw() {
    for (const place of pictures.keys()) {
      if (!place.isConnected) pictures.delete(place);
      else if (printing || place.classList.contains("js-plotly-plot")) { seen.unobserve(place); draw(place); }
    }
  }

  function print(on) {
    if (on === printing) return;
    printing = on;
    redraw();
  }
  for (const media of [dark, narrow]) media.addEventListener("change", redraw);
  matchMedia("print").addEventListener("change", (event) => print(event.matches));
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));

  return { element, show };
})();
