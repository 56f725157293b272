// The page of one parameter: what it is, its values and gradient, ties, where it comes from, what differs.
// Its address is the part after #, so it can be linked to and the browser's Back works.

const panel = byId("panel");
let shownRow = -1;

const panelShows = (node) => node.row >= 0 && node.row === shownRow;

/** The address of a name. */
function addressOf(name) {
  try {
    return `#p=${encodeURIComponent(name)}`;
  } catch {
    return `#row=${names.indexOf(name)}`; // half of a pair of surrogates has no UTF-8
  }
}

function go(row) {
  const address = addressOf(names[row]);
  if (location.hash === address) showAddressed();
  else location.hash = address;
}

/** Show what the address says; an unknown name is told. */
function showAddressed() {
  const [, key, value] = /^#(p|row)=(.*)$/s.exec(location.hash) || [];
  if (!key) return hidePanel();
  let name = value;
  try {
    name = decodeURIComponent(value);
  } catch {
    // it is shown as it stands
  }
  const row = key === "row" ? Number(value) : rowBySlot.get(name);
  showPanel(row >= 0 && row < names.length ? row : -1, name);
}

function showPanel(row, asked) {
  const wasHidden = panel.hidden;
  shownRow = row;
  panel.hidden = false;
  document.body.classList.add("open");
  panel.replaceChildren(bar(row), ...(row < 0 ? [unknown(asked)] : sections(row, asked)));
  panel.scrollTop = 0;
  if (wasHidden) resized();
  reveal(row);
  byId("panel-name").focus({ preventScroll: true });
}

function hidePanel() {
  if (panel.hidden) return;
  panel.hidden = true;
  shownRow = -1;
  document.body.classList.remove("open");
  resized();
  draw(true);
  grid.focus({ preventScroll: true });
}

function closePanel() {
  history.pushState(null, "", location.pathname + location.search);
  hidePanel();
}

/** Make the parameter the active line: open the layers around it, unless the search left it out. */
function reveal(row) {
  if (row >= 0 && state.view === "tree" && (!state.taken || state.taken[row])) {
    let shut = false;
    for (let layer = leaves[row].parent; layer !== root; layer = layer.parent) {
      shut ||= !isOpen(layer);
      layer.open = true;
      layer.shut = false;
    }
    if (shut) arrange();
  }
  const at = row < 0 ? -1 : state.lines.indexOf(leaves[row]);
  if (at >= 0) state.active = at;
  draw(true);
}

function bar(row) {
  const order = (state.view === "list" ? state.lines : leaves).map((node) => node.row)
    .filter((at) => !state.taken || state.taken[at]);
  const at = order.indexOf(row);
  const step = (to, label, title) => make("button", {
    type: "button", title, "aria-label": title, disabled: at < 0 || order[to] === undefined,
    onclick: () => go(order[to]),
  }, label);
  return make("div.bar", {}, step(at - 1, "‹", "Previous parameter"), step(at + 1, "›", "Next parameter"),
    make("span.grow"), make("button", { type: "button", onclick: closePanel, "aria-label": "Close" }, "Close"));
}

function unknown(asked) {
  return make("div", {}, make("h2", { id: "panel-name", tabindex: "-1" }, "No such parameter"),
    make("p", {}, make("code", {}, asked), " is no name in this report."));
}

function sections(row, asked) {
  const made = [make("h2", { id: "panel-name", tabindex: "-1" }, ...breakable(names[row]))];
  if (asked !== names[row] && rowBySlot.get(asked) === row)
    made.push(make("p.also", {}, make("code", {}, asked), " is the same array."));
  const sides = data.sides.map((_, side) => side).filter((side) => has(side, row));
  if (two) made.push(difference(row, sides));
  made.push(facts(row, sides));
  made.push(...ties(row, sides));
  const given = (which) => sides.map((side) => [side, statsOf(side, row, which)]).filter(([, stats]) => stats);
  const values = given("stats");
  const notes = [...new Set(sides.map((side) => textOf(side, "note", row)).filter(Boolean))].join("; ");
  if (values.length) made.push(measured("Values", values));
  else made.push(make("section", {}, make("h3", {}, "Values"), make("p.quiet", {}, `There are none: ${notes || "not yet"}.`)));
  if (values.length && notes) made.push(make("p.quiet", {}, `${notes}.`));
  const grads = given("grad");
  if (grads.length) made.push(measured("Gradient", grads));
  const origin = provenance(row, sides);
  if (origin) made.push(origin);
  return made;
}

/** Lines of (what, texts by side), one column for each side. */
function factTable(sides, lines, titled) {
  const table = make(sides.length > 1 ? "table.facts.sides" : "table.facts");
  if (titled && sides.length > 1)
    table.append(make("thead", {}, make("tr", {}, make("td"), ...sides.map((side) =>
      make(`th.side${side}`, { scope: "col" }, ...breakable(data.called[side]))))));
  table.append(make("tbody", {}, ...lines.map(([what, ...cells]) =>
    make("tr", {}, make("th", { scope: "row" }, what), ...cells.map((cell) => make("td", {}, cell))))));
  return table;
}

/** Whether a side says what trains: a file or a snapshot does not. */
const takesPart = (side) => data.sides[side].trainable.some(Boolean);

function facts(row, sides) {
  const line = (what, of) => {
    const cells = sides.map(of);
    return cells.some((cell) => cell !== "") ? [[what, ...cells]] : [];
  };
  const column = (side, key) => numberOf(data.sides[side][key][row]);
  return make("section", {}, factTable(sides, [
    ...line("Name", (side) => (slotsOf(row, side).includes(names[row]) ? "" : slotsOf(row, side)[0])),
    ...line("Shape", (side) => textOf(side, "shape", row)),
    ...line("Type", (side) => textOf(side, "dtype", row)),
    ...line("Elements", (side) => whole(column(side, "size"))),
    ...line("Memory", (side) => bytes(column(side, "nbytes"))),
    ...line("Where", (side) => textOf(side, "device", row)),
    ...line("Trainable", (side) => (takesPart(side) ? (column(side, "trainable") ? "yes" : "no") : "")),
    ...line("Kind", (side) => textOf(side, "kind", row)),
    ...line("Own name", (side) => data.sides[side].own[row] || ""),
  ], true));
}

function ties(row, sides) {
  const tied = sides.filter((side) => slotsOf(row, side).length > 1);
  return tied.map((side) => {
    const more = moreSlots(row, side);
    return make("section.ties", {},
      make("h3", {}, tied.length < sides.length || two ? `Tied in ${data.called[side]}` : "Tied", " "),
      make("p.quiet", {}, `One array under ${whole(slotsOf(row, side).length + more)} names:`),
      make("ul", {}, ...slotsOf(row, side).map((slot) =>
        make("li", {}, make("a", { href: addressOf(slot) }, ...breakable(slot)))),
        more ? make("li.quiet", {}, `and ${whole(more)} more`) : null));
  });
}

function measured(title, given) {
  const line = (what, of) => [what, ...given.map(([, stats]) => of(stats))];
  const quantiles = data.quantiles.map((q, at) => line(
    q === 0.5 ? "Median" : `${Number((q * 100).toPrecision(6))}%`, (stats) => short(stats.quantiles[at] ?? NaN)));
  const lines = [
    line("Mean", (stats) => short(stats.mean)),
    line("Std", (stats) => short(stats.std)),
    line("Norm", (stats) => short(stats.norm)),
    line("Zeros", (stats) => counted(stats.zeros, stats.size)),
    line("Min", (stats) => short(stats.min)),
    ...quantiles,
    line("Max", (stats) => short(stats.max)),
  ];
  for (const [what, key] of [["NaN", "nan"], ["±∞", "inf"]])
    if (given.some(([, stats]) => stats[key])) lines.splice(4, 0, line(what, (stats) => counted(stats[key], stats.size)));
  return make("section", {}, make("h3", {}, title), histogram(given), factTable(given.map(([side]) => side), lines, true));
}

const counted = (count, of) => (count ? `${whole(count)} (${percent(count / of)})` : "0");

/** Histograms of one side, or of two over each other with one scale. */
function histogram(given) {
  const drawn = given.filter(([, stats]) => stats.bars.length);
  if (!drawn.length) return null;
  const [width, height] = [400, 120];
  const low = Math.min(...drawn.map(([, stats]) => stats.low));
  const high = Math.max(...drawn.map(([, stats]) => stats.high));
  const x = (value) => ((value - low) / (high - low)) * width;
  // As shares of the elements and by width, so that sides of different sizes and ranges compare.
  const density = (stats) => stats.peak / Math.max(1, stats.size) / ((stats.high - stats.low) / stats.bars.length);
  const most = Math.max(...drawn.map(([, stats]) => density(stats)));
  const art = make("svg.histogram", {
    viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `Histogram from ${short(low)} to ${short(high)}`,
  });
  if (low < 0 && high > 0) art.append(make("line.zero", { x1: x(0), x2: x(0), y1: 0, y2: height }));
  for (const [side, stats] of drawn) {
    const step = (stats.high - stats.low) / stats.bars.length;
    const group = make(`g.side${side}`);
    const path = stats.bars.map((bar, at) => {
      const tall = bar ? Math.max(1, bar * (density(stats) / most) * (height - 6)) : 0;
      const [from, to] = [x(stats.low + at * step), x(stats.low + (at + 1) * step)];
      return { from, to, tall, share: (bar * stats.peak) / Math.max(1, stats.size), at: stats.low + at * step };
    });
    group.append(make("path", {
      d: `M${x(stats.low)} ${height}` + path.map((b) => `L${b.from.toFixed(2)} ${(height - b.tall).toFixed(2)}H${b.to.toFixed(2)}`).join("") + `V${height}Z`,
    }));
    art.append(group);
    if (drawn.length === 1)
      for (const b of path)
        art.append(make("rect.hit", { x: b.from, y: 0, width: b.to - b.from, height },
          make("title", {}, `${short(b.at)} to ${short(b.at + step)}: about ${percent(b.share)}`)));
  }
  const beyond = drawn.some(([, stats]) => stats.min < low || stats.max > high);
  return make("figure", {}, art,
    make("figcaption", {}, make("span", {}, short(low)), beyond ? make("span", {}, "the ends hold all beyond them") : null,
      make("span", {}, short(high))));
}

function difference(row, sides) {
  const status = statusOf(row);
  const note = data.texts[data.change.note[row]];
  const missing = data.called[has(0, row) ? 1 : 0];
  const lines = [["relative", "Relative change"], ["cosine", "Cosine"], ["largest", "Largest |Δ|"]]
    .map(([key, what]) => [what, changeOf(row, key)]).filter(([, value]) => !Number.isNaN(value))
    .map(([what, value]) => [what, short(value)]);
  return make("section", {},
    make("p", {}, make(`span.status.${status}`, {}, status),
      ["added", "removed"].includes(status) ? make("span.quiet", {}, ` not in ${missing}`) : null,
      note ? make("span.quiet", {}, ` ${note}`) : null),
    lines.length ? factTable([0], lines, false) : null);
}

function provenance(row, sides) {
  const told = sides.map((side) => [side, textOf(side, "origin", row)]).filter(([, lines]) => lines.length);
  if (!told.length) return null;
  return make("section", {}, make("h3", {}, "Where it comes from"), ...told.flatMap(([side, lines]) => [
    two ? make(`p.side${side}`, {}, data.called[side]) : null,
    factTable([side], lines, false),
  ].filter(Boolean)));
}

window.addEventListener("hashchange", showAddressed);
window.addEventListener("popstate", showAddressed);
