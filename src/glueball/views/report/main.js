// The page comes together: totals, findings, controls, the theme.

function drawTotals() {
  byId("notes").textContent = data.notes.map(([what, text]) => `${what} ${text}`).join(" · ");
  document.querySelector("h1").replaceChildren(...breakable(data.title));
  const total = (side) => {
    const sum = { parameters: 0, size: 0, trainable: 0, nbytes: 0 };
    const columns = data.sides[side];
    names.forEach((_, row) => {
      if (!has(side, row)) return;
      const size = numberOf(columns.size[row]) || 0;
      sum.parameters += 1;
      sum.size += size;
      sum.trainable += columns.trainable[row] ? size : 0;
      sum.nbytes += numberOf(columns.nbytes[row]) || 0;
    });
    return sum;
  };
  const sums = data.sides.map((_, side) => total(side));
  const types = new Map();
  names.forEach((_, row) => {
    const type = textOf(shownSide(row), "dtype", row);
    types.set(type, (types.get(type) || 0) + 1);
  });
  const said = (key, text) => sums.map((sum, side) => make(two ? `span.side${side}` : "span", {}, text(sum[key])));
  const live = data.sides.some((columns) => columns.trainable.some(Boolean));
  const exact = (count) => (count < 1e7 ? whole(count) : `${compact(count)}`);
  const fields = [
    ["Parameters", ...said("parameters", whole)],
    ["Elements", ...said("size", exact)],
    ...(live ? [["Trainable", ...said("trainable", exact)]] : []),
    ["Memory", ...said("nbytes", bytes)],
    [types.size === 1 ? "Type" : "Types", [...types.keys()].slice(0, 4).join(", ") + (types.size > 4 ? ", …" : "")],
  ];
  byId("totals").replaceChildren(
    ...(two ? [make("div.called", {}, make("dt", {}, "Compared"),
      make("dd", {}, ...data.called.map((called, side) => make(`span.side${side}`, {}, ...breakable(called)))))] : []),
    ...fields.map(([what, ...values]) => make("div", {}, make("dt", {}, what), make("dd", {}, ...values))));
}

/** What a reader should know at once, each a button that shows it. */
function drawFindings() {
  const says = {
    bad: "with NaN or ∞", zero: "all zeros", unmeasured: "without values", changed: "changed", cast: "in another type",
    renamed: "renamed", transposed: "transposed",
    reshaped: "reshaped", retied: "retied", added: "added", removed: "removed", tied: "tied", frozen: "frozen",
  };
  const found = Object.keys(says).map((key) => [key, names.filter((_, row) => shows[key][1](row)).length]);
  data.frozenMatters = data.sides.some((columns) => columns.trainable.some(Boolean));
  byId("findings").replaceChildren(...found.filter(([key, count]) => count && (key !== "frozen" || data.frozenMatters))
    .map(([key, count]) => make("li", {}, make(`button.${key}`, {
      type: "button", onclick: () => show(state.show === key ? "all" : key), "data-key": key,
    }, make("b", {}, whole(count)), ` ${says[key]}`))));
}

function show(key) {
  state.show = key;
  byId("show").value = key;
  renew();
}

/** Search again and show what was found, in the table and on the map. */
function renew() {
  for (const node of map.frames) node.node.known.hit = false;
  const mistake = search();
  const { taken, query } = state;
  const found = countTaken(taken);
  const said = byId("found");
  said.replaceChildren();
  said.classList.toggle("wrong", !!mistake);
  for (const button of byId("findings").querySelectorAll("button"))
    button.setAttribute("aria-pressed", button.dataset.key === state.show);
  if (mistake) said.append(`This cannot be read as a regular expression: ${mistake}. “Text” searches for it as it is written.`);
  else if (taken) {
    const elements = names.reduce((sum, _, row) => sum + (taken[row] ? leaves[row].known.size : 0), 0);
    said.append(found ? `${whole(found)} of ${several(names.length, "parameter")}, ${several(elements, "element")}`
      : `Nothing of ${several(names.length, "parameter")}.`);
    if (!found && query && state.mode === "pattern") propose(said, query);
  } else said.append(several(names.length, "parameter"));
  if (taken) for (const leaf of leaves) if (taken[leaf.row]) for (let at = leaf.parent; at; at = at.parent) at.known.hit = true;
  arrange();
  paint();
  performance.mark("searched");
}

/** A pattern is for a whole name: offer what was probably meant. */
function propose(said, query) {
  const literal = query.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  for (const pattern of [`.*\\.${literal}`, `.*${literal}.*`]) {
    const count = countTaken(takenByPattern(pattern));
    if (!count) continue;
    said.append(" A pattern matches a whole name or the whole path of a layer. ", make("button", {
      type: "button", onclick: () => ((byId("search").value = state.query = pattern), renew()),
    }, make("code", {}, pattern), ` takes ${whole(count)}`));
    return;
  }
}

function choices(id, pairs, value, chosen) {
  const select = byId(id);
  select.replaceChildren(...pairs.map(([key, title]) => make("option", { value: key }, title)));
  select.value = value;
  select.addEventListener("change", () => chosen(select.value));
}

const hints = {
  pattern: ["Regular expression, such as .*\\.weight", "regular expression"],
  text: ["Part of a name", "part of a name"],
};

function setMode(mode) {
  state.mode = mode;
  byId("search").placeholder = hints[mode][0];
}

/** The theme that was chosen, kept where the browser lets us; "auto" is the system's. */
function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("glueball-theme", theme);
  } catch {
    // a file that is opened without a place to store anything
  }
  if (map.chosen) drawMap();
}

function storedTheme() {
  try {
    const stored = localStorage.getItem("glueball-theme");
    return ["light", "dark"].includes(stored) ? stored : "auto";
  } catch {
    return "auto";
  }
}

function resized() {
  grid.style.setProperty("--below", `${byId("tools").offsetHeight}px`);
  fitColumns();
  drawHead();
  draw(true);
  if (canvas.clientWidth !== mapWidth) drawMap();
}

function start() {
  const theme = storedTheme();
  setTheme(theme);
  radios("theme", "theme", theme, setTheme);
  drawTotals();
  drawFindings();
  const colours = Object.entries(measures).filter(([key, measure]) =>
    !["size", "nbytes", "bad"].includes(key) && leaves.some((leaf) => !Number.isNaN(measure.of(leaf.known))));
  choices("colour", [...colours.map(([key, measure]) => [key, measure.title]),
    ...Object.entries(kinds).filter(([, kind]) => !kind.when || kind.when()).map(([key, kind]) => [key, kind.title])],
  two && colours.some(([key]) => key === "relative") ? "relative" : colours.some(([key]) => key === "std") ? "std" : "dtype", drawMap);
  choices("show", Object.entries(shows).filter(([key, [, belongs]]) => key === "all" || names.some((_, row) => belongs(row)))
    .map(([key, [title]]) => [key, title]), "all", show);
  choices("sort", [["", "model order"], ...allColumns.filter((column) => column.key !== "bars")
    .map((column) => [column.key, column.title.toLowerCase()])], "", (key) => (key ? sortBy(key, true) : sortBy(state.sort, false)));
  setMode("pattern");
  radios("mode", "mode", "pattern", (mode) => (setMode(mode), renew()));
  radios("view", "view", "tree", (view) => {
    state.view = view;
    byId("folding").hidden = view === "list";
    arrange();
  });
  byId("expand").addEventListener("click", () => foldAll(true));
  byId("collapse").addEventListener("click", () => foldAll(false));
  let waiting = 0;
  byId("search").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ((state.query = event.target.value), renew()), 60);
  });
  openFew();
  drawMap();
  renew();
  resized();
  showAddressed();
  const watch = new ResizeObserver(resized);
  watch.observe(grid);
  watch.observe(byId("tools"));
  window.addEventListener("scroll", () => draw(), { passive: true });
  window.addEventListener("resize", () => draw());
  darkWanted.addEventListener("change", drawMap);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape" && !panel.hidden && !typing) closePanel();
    else if (event.key === "Escape" && event.target.id === "search") grid.focus();
    else if (event.key === "/" && !typing) {
      event.preventDefault();
      byId("search").focus();
    } else if (event.key === "ArrowDown" && event.target.id === "search") {
      event.preventDefault();
      grid.focus();
    }
  });
}

start();
performance.mark("shown");
