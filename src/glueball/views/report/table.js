// The table: a tree or a list of which only the lines that are on the screen exist.
// The grid keeps the focus, and says which line is the active one (aria-activedescendant).

const LINE = 28; // the height of a line, as style.css has it
const state = {
  view: "tree", mode: "pattern", query: "", show: "all", sort: "", down: true,
  taken: null, lines: [], active: 0, columns: [],
};
const grid = byId("grid");
const head = byId("head");
const body = byId("rows");

// By rank: the first are shown on a phone, all of them on a wide screen. Widths in pixels.
const allColumns = [
  { key: "name", title: "Name", rank: 0, width: 150 },
  { key: "shape", title: "Shape", rank: 5, width: 124, text: (row) => textOf(shownSide(row), "shape", row) },
  { key: "dtype", title: "Type", rank: 9, width: 76, text: (row) => textOf(shownSide(row), "dtype", row) },
  { key: "size", title: "Elements", rank: 1, width: 84 },
  { key: "bars", title: "Values", rank: 4, width: 104 },
  { key: "mean", title: "Mean", rank: 6, width: 92 },
  { key: "std", title: "Std", rank: 3, width: 84 },
  { key: "min", title: "Min", rank: 8, width: 92 },
  { key: "max", title: "Max", rank: 8, width: 92 },
  { key: "zeros", title: "Zeros", rank: 7, width: 68 },
  { key: "grad", title: "Grad RMS", rank: 4, width: 88, when: () => data.sides[0].grad },
  { key: "status", title: "Status", rank: 2, width: 88, when: () => two },
  { key: "relative", title: "Change", rank: 2, width: 84, when: () => two },
  { key: "cosine", title: "Cosine", rank: 7, width: 76, when: () => two },
].filter((column) => !column.when || column.when());

const sortValues = {
  name: null,
  status: (node) => (node.row < 0 ? node.known.unlike : data.change.status[node.row]),
  shape: (node) => node.known.size,
  dtype: (node) => (node.row < 0 ? "" : textOf(shownSide(node.row), "dtype", node.row)),
};

/** How one node is compared: numbers, with those that are not known always last; or text. */
function order() {
  const { sort, down } = state;
  const sign = down ? -1 : 1;
  const natural = new Intl.Collator("en", { numeric: true }).compare;
  if (sort === "name") return (a, b) => sign * natural(nameOf(a), nameOf(b));
  const value = sortValues[sort] || ((node) => measures[sort].of(node.known));
  return (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (typeof x === "string") return sign * natural(x, y);
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
    return sign * (x - y);
  };
}
const nameOf = (node) => (state.view === "list" ? node.path : node.label);

/** What the select "Show" offers beside all: a title, and whether a row belongs to it. */
const shows = {
  all: ["all", () => true],
  unlike: ["all that differ", (row) => two && statusOf(row) !== "same"],
  ...Object.fromEntries(data.statuses.map((status) => [status, [status, (row) => statusOf(row) === status]])),
  bad: ["with NaN or ∞", (row) => leaves[row].known.nan + leaves[row].known.inf > 0],
  zero: ["all zeros", (row) => leaves[row].known.measured > 0 && leaves[row].known.zeros === leaves[row].known.measured],
  tied: ["tied", (row) => slotsOf(row).length + moreSlots(row) > 1],
  frozen: ["frozen", (row) => !data.sides[shownSide(row)].trainable[row] && !kindOf(row).startsWith("buffer")],
  buffer: ["buffers", (row) => kindOf(row).startsWith("buffer")],
  unmeasured: ["without values", (row) => leaves[row].known.measured === 0 && leaves[row].known.size !== 0],
  nograd: ["without gradient", (row) => !!data.sides[0].grad && trains(row) && !leaves[row].known.graded],
};
const kindOf = (row) => textOf(shownSide(row), "kind", row);
const trains = (row) => !!data.sides[shownSide(row)].trainable[row];

/** Find what the search and the select take, and say how many. Returns the message for a mistake, or "". */
function search() {
  const query = state.query;
  let taken = null;
  let mistake = "";
  if (query)
    try {
      taken = state.mode === "pattern" ? takenByPattern(query) : takenByText(query);
    } catch (error) {
      mistake = String(error.message).replace(/^Invalid regular expression: \/\^\(\?:.*?\)\$\/\w*:?\s*/s, "");
      taken = new Uint8Array(names.length);
    }
  if (state.show !== "all") {
    const belongs = shows[state.show][1];
    taken = Uint8Array.from(names, (_, row) => (!taken || taken[row]) && belongs(row) ? 1 : 0);
  }
  state.taken = taken;
  return mistake;
}

const countTaken = (taken) => (taken ? taken.reduce((sum, one) => sum + one, 0) : names.length);

/** Write the lines anew, after a search, another order, or a layer that was opened. */
function arrange() {
  const { taken, view, sort } = state;
  const was = state.lines[state.active];
  const lines = [];
  if (view === "list") {
    for (const node of leaves) if (!taken || taken[node.row]) lines.push(node);
    if (sort) lines.sort(order());
  } else {
    const kept = taken && keptLayers(taken);
    const compare = sort && order();
    const stack = [...root.children];
    if (compare) stack.sort(compare);
    stack.reverse();
    while (stack.length) {
      const node = stack.pop();
      if (taken && !(node.row < 0 ? kept.has(node) : taken[node.row])) continue;
      lines.push(node);
      if (node.row < 0 && isOpen(node)) {
        const inside = compare ? [...node.children].sort(compare) : node.children;
        for (let at = inside.length - 1; at >= 0; at--) stack.push(inside[at]);
      }
    }
  }
  state.lines = lines;
  const again = was ? lines.indexOf(was) : -1;
  state.active = again >= 0 ? again : Math.min(state.active, Math.max(0, lines.length - 1));
  grid.setAttribute("aria-rowcount", lines.length + 1);
  body.style.height = `${lines.length * LINE}px`;
  draw(true);
}

/** A layer is open by itself when a search found something in it, until it is shut. */
const isOpen = (node) => (state.taken ? !node.shut : node.open);

function keptLayers(taken) {
  const kept = new Set();
  const keep = (node) => {
    for (let layer = node.parent; layer && !kept.has(layer); layer = layer.parent) kept.add(layer);
  };
  const waiting = [root];
  while (waiting.length) {
    const node = waiting.pop();
    if (node.row >= 0 && taken[node.row]) keep(node);
    waiting.push(...node.children);
  }
  return kept;
}

/** Choose the columns that there is room for. */
function fitColumns() {
  const room = grid.clientWidth;
  const least = room < 560 ? 170 : 260;
  const fitting = new Set();
  let used = least;
  // What the lines are sorted by is always seen.
  const rank = (column) => (column.key === state.sort && column.rank ? 0.5 : column.rank);
  for (const column of [...allColumns].sort((a, b) => rank(a) - rank(b))) {
    if (column.key !== "name" && used + column.width > room) continue;
    used += column.key === "name" ? 0 : column.width;
    fitting.add(column);
  }
  state.columns = allColumns.filter((column) => fitting.has(column));
  grid.style.setProperty("--columns", state.columns
    .map((column) => (column.key === "name" ? "minmax(0, 1fr)" : `${column.width}px`)).join(" "));
  grid.setAttribute("aria-colcount", state.columns.length);
}

function drawHead() {
  head.replaceChildren(...state.columns.map((column) => {
    const sorted = state.sort === column.key;
    const cell = make(`div.cell.${column.key}`, {
      role: "columnheader", "aria-sort": sorted ? (state.down ? "descending" : "ascending") : "none",
    });
    const arrow = sorted ? make("span.arrow", { "aria-hidden": "true" }, state.down ? "↓" : "↑") : null;
    if (column.key === "bars") cell.append(column.title);
    else
      cell.append(make("button", {
        type: "button", onclick: () => sortBy(column.key), title: `Sort by ${column.title.toLowerCase()}`,
      }, make("span", {}, column.title), arrow));
    return cell;
  }));
}

/** Sort by a column: the largest first, then the smallest first, then as the model has them. */
function sortBy(key, keep = false) {
  const firstDown = !["name", "dtype"].includes(key);
  if (state.sort !== key) Object.assign(state, { sort: key, down: firstDown });
  else if (!keep && state.down === firstDown) state.down = !firstDown;
  else if (!keep) Object.assign(state, { sort: "", down: true });
  byId("sort").value = state.sort;
  fitColumns();
  drawHead();
  arrange();
}

let drawn = [-1, -1];
/** Make the lines that are on the screen, and a few beyond. */
function draw(anew = false) {
  const top = body.getBoundingClientRect().top;
  const first = Math.max(0, Math.floor(-top / LINE) - 8);
  const last = Math.min(state.lines.length, Math.ceil((window.innerHeight - top) / LINE) + 8);
  if (!anew && first === drawn[0] && last === drawn[1]) return;
  drawn = [first, last];
  const made = [];
  for (let at = first; at < last; at++) made.push(lineAt(at));
  // The active line exists always, since the grid refers to it.
  if (state.lines.length && (state.active < first || state.active >= last)) made.push(lineAt(state.active));
  body.replaceChildren(...made);
  if (state.lines.length) grid.setAttribute("aria-activedescendant", `line${state.active}`);
  else grid.removeAttribute("aria-activedescendant");
}

function lineAt(at) {
  const node = state.lines[at];
  const layer = node.row < 0;
  const line = make(`div.row${layer ? ".layer" : ""}${node.alias ? ".alias" : ""}`, {
    role: "row", id: `line${at}`, "aria-rowindex": at + 2,
    "aria-selected": String(at === state.active),
    "aria-level": state.view === "tree" ? node.depth + 1 : 1,
    "aria-expanded": layer ? String(isOpen(node)) : undefined,
    "data-open": panelShows(node) || undefined,
  });
  line.style.transform = `translateY(${at * LINE}px)`;
  line.append(...state.columns.map((column) => cellOf(column, node)));
  return line;
}

function cellOf(column, node) {
  const cell = make(`div.cell.${column.key}`, { role: column.key === "name" ? "rowheader" : "gridcell" });
  if (column.key === "name") return nameCell(cell, node);
  if (node.alias) return cell;
  if (column.key === "status") {
    if (node.row >= 0) cell.append(make(`span.status.${statusOf(node.row)}`, {}, statusOf(node.row)));
    else if (node.known.unlike) cell.append(make("span.status.some", {}, `${whole(node.known.unlike)} differ`));
  } else if (column.key === "bars") {
    const stats = node.row >= 0 && statsOf(shownSide(node.row), node.row);
    if (stats && stats.bars.length) cell.append(sparkline(stats.bars));
  } else if (column.text) {
    if (node.row >= 0) cell.append(column.text(node.row));
    else if (column.key === "shape") cell.append(several(node.known.parameters, "parameter"));
  } else if (node.known.measured || ["size", "relative", "cosine"].includes(column.key)) {
    const unknown = column.key === "size" && node.row >= 0 && data.sides[shownSide(node.row)].size[node.row] === null;
    cell.append(unknown ? "?" : measures[column.key].text(measures[column.key].of(node.known)));
    if (column.key === "size") cell.title = whole(node.known.size);
  }
  return cell;
}

function nameCell(cell, node) {
  if (state.view === "tree") cell.style.paddingInlineStart = `${node.depth * 16}px`;
  const layer = node.row < 0;
  cell.append(make("span.twig", { "aria-hidden": "true" }, layer ? (isOpen(node) ? "▾" : "▸") : ""));
  cell.append(make("span.text", { title: node.path }, nameOf(node)));
  const remark = layer ? "" : node.alias ? `= ${node.alias}` : remarks(node.row);
  if (remark) cell.append(make("span.remark", {}, remark));
  if (!layer && !node.alias && node.known.nan + node.known.inf > 0)
    cell.append(make("span.alarm", {}, node.known.nan ? "NaN" : "∞"));
  return cell;
}

function remarks(row) {
  const found = [];
  if (slotsOf(row).length > 1) found.push("tied");
  if (kindOf(row)) found.push(kindOf(row));
  else if (!trains(row) && data.frozenMatters) found.push("frozen");
  return found.join(", ");
}

function sparkline(bars) {
  const path = bars.map((bar, at) => (bar ? `M${at} 18v${-Math.max(0.6, bar * 17).toFixed(1)}h1V18z` : "")).join("");
  return make("svg.spark", {
    viewBox: `0 0 ${bars.length} 18`, preserveAspectRatio: "none", "aria-hidden": "true",
  }, make("path", { d: path }));
}

// ---- acting --------------------------------------------------------------------------------------------

function activate(at, scroll = true) {
  if (!state.lines.length) return;
  state.active = Math.max(0, Math.min(state.lines.length - 1, at));
  if (scroll) {
    const top = body.getBoundingClientRect().top + state.active * LINE;
    const above = head.getBoundingClientRect().bottom;
    if (top < above) window.scrollBy(0, top - above);
    else if (top + LINE > window.innerHeight) window.scrollBy(0, top + LINE - window.innerHeight + 4);
  }
  draw(true);
}

function fold(node, open) {
  if (state.taken) node.shut = !open;
  else node.open = open;
  arrange();
}

function enter(node) {
  if (!node) return;
  if (node.row < 0) fold(node, !isOpen(node));
  else go(node.row);
}

function foldAll(open) {
  const waiting = [root];
  while (waiting.length) {
    const node = waiting.pop();
    node.open = open;
    node.shut = !open;
    waiting.push(...node.children);
  }
  arrange();
}

/** Open layers level by level, for as long as all lines are few. */
function openFew(most = 40) {
  let shown = root.children.length;
  let level = root.children.filter((node) => node.row < 0);
  while (level.length) {
    const more = level.reduce((sum, node) => sum + node.children.length, 0);
    if (shown + more > most) return;
    shown += more;
    for (const node of level) node.open = true;
    level = level.flatMap((node) => node.children).filter((node) => node.row < 0);
  }
}

grid.addEventListener("keydown", (event) => {
  if (event.target !== grid || event.ctrlKey || event.metaKey || event.altKey) return;
  const node = state.lines[state.active];
  const page = Math.max(1, Math.floor(window.innerHeight / LINE) - 6);
  const layer = node && node.row < 0;
  const keys = {
    ArrowDown: () => activate(state.active + 1),
    ArrowUp: () => activate(state.active - 1),
    PageDown: () => activate(state.active + page),
    PageUp: () => activate(state.active - page),
    Home: () => activate(0),
    End: () => activate(state.lines.length - 1),
    Enter: () => enter(node),
    " ": () => enter(node),
    ArrowRight: () => (layer && !isOpen(node) ? fold(node, true) : layer && activate(state.active + 1)),
    ArrowLeft: () => {
      if (layer && isOpen(node)) fold(node, false);
      else if (node && state.view === "tree" && node.parent !== root) activate(state.lines.indexOf(node.parent));
    },
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

body.addEventListener("click", (event) => {
  const line = event.target.closest(".row");
  if (!line || window.getSelection().toString()) return;
  const at = Number(line.id.slice(4));
  grid.focus({ preventScroll: true });
  activate(at, false);
  enter(state.lines[at]);
});
