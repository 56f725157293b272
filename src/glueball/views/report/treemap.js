// The map: each parameter a rectangle as large as its elements are many, each layer a frame around its own.
// Squarified treemaps: Bruls, Huizing and van Wijk, 2000.

const canvas = byId("treemap");
const tip = byId("tip");
const map = { at: root, cells: [], frames: [], chosen: null, over: -1 };
const TITLE = 17;

const sizeOf = (node) => (node.alias ? 0 : node.known.size);

/** Lay nodes out in a rectangle, the largest first, in rows that are as square as can be. */
function squarify(nodes, x, y, width, height, place) {
  const total = nodes.reduce((sum, node) => sum + sizeOf(node), 0);
  if (!total || width <= 0 || height <= 0) return;
  const scale = (width * height) / total;
  let from = 0;
  while (from < nodes.length) {
    const side = Math.min(width, height);
    let area = 0;
    let worst = Infinity;
    let to = from;
    while (to < nodes.length) {
      const next = sizeOf(nodes[to]) * scale;
      const sum = area + next;
      const [most, least] = [sizeOf(nodes[from]) * scale, next];
      const ratio = Math.max((side * side * most) / (sum * sum), (sum * sum) / (side * side * least));
      if (ratio > worst) break;
      [area, worst, to] = [sum, ratio, to + 1];
    }
    const depth = area / side;
    let along = 0;
    for (; from < to; from++) {
      const length = (sizeOf(nodes[from]) * scale) / depth;
      if (width >= height) place(nodes[from], x, y + along, depth, length);
      else place(nodes[from], x + along, y, length, depth);
      along += length;
    }
    if (width >= height) [x, width] = [x + depth, width - depth];
    else [y, height] = [y + depth, height - depth];
    if (width < 0.01 || height < 0.01) return;
  }
}

function layOut(width, height) {
  map.cells = [];
  map.frames = [];
  const place = (node, x, y, w, h) => {
    if (node.row >= 0) return map.cells.push({ node, x, y, w, h });
    const titled = w > 46 && h > 30 + 12 * (node.depth - map.at.depth);
    const gap = w > 12 && h > 12 ? 1 : 0;
    map.frames.push({ node, x, y, w, h, titled });
    inside(node, x + gap, y + gap + (titled ? TITLE : 0), w - 2 * gap, h - 2 * gap - (titled ? TITLE : 0));
  };
  const inside = (node, x, y, w, h) => {
    const children = node.children.filter((child) => sizeOf(child) > 0);
    squarify(children.sort((a, b) => sizeOf(b) - sizeOf(a)), x, y, w, h, place);
  };
  inside(map.at, 0, 0, width, height);
}

let mapWidth = 0;
function drawMap() {
  const { clientWidth: width, clientHeight: height } = canvas;
  const dense = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * dense);
  canvas.height = Math.round(height * dense);
  mapWidth = width;
  layOut(width, height);
  map.chosen = colouring(byId("colour").value);
  drawLegend(map.chosen);
  drawCrumbs();
  paint();
}

function paint() {
  const context = canvas.getContext("2d");
  const dense = window.devicePixelRatio || 1;
  const colours = palette();
  const fonts = getComputedStyle(document.body);
  context.setTransform(dense, 0, 0, dense, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.textBaseline = "middle";
  context.font = `11px ${fonts.fontFamily}`;
  for (const frame of map.frames) {
    if (!frame.titled) continue;
    const dim = state.taken && !frame.node.known.hit;
    context.fillStyle = colours.ink;
    context.globalAlpha = dim ? 0.4 : 0.85;
    context.fillText(fitText(context, frame.node.label, frame.w - 8), frame.x + 3, frame.y + TITLE / 2 + 1);
  }
  for (const cell of map.cells) {
    const row = cell.node.row;
    const colour = map.chosen.of(row);
    const gap = cell.w > 3 && cell.h > 3 ? 1 : 0;
    context.globalAlpha = state.taken && !state.taken[row] ? 0.12 : 1;
    context.fillStyle = colour;
    context.fillRect(cell.x, cell.y, cell.w - gap, cell.h - gap);
    if (cell.w > 54 && cell.h > 17) {
      context.fillStyle = inkOn(colour);
      context.fillText(fitText(context, cell.node.label, cell.w - 10), cell.x + 5, cell.y + 10);
      if (cell.h > 34 && cell.w > 54) {
        context.globalAlpha *= 0.75;
        context.fillText(compact(cell.node.known.size), cell.x + 5, cell.y + 25);
      }
    }
  }
  context.globalAlpha = 1;
  const over = map.cells[map.over];
  if (over) {
    context.lineWidth = 2;
    context.strokeStyle = colours.ink;
    context.strokeRect(over.x + 1, over.y + 1, Math.max(2, over.w - 3), Math.max(2, over.h - 3));
  }
}

function fitText(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let [least, most] = [0, text.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (context.measureText(text.slice(0, middle) + "…").width <= room) least = middle;
    else most = middle - 1;
  }
  return least ? text.slice(0, least) + "…" : "";
}

/** The way from the model to the layer that the map shows. */
function drawCrumbs() {
  const way = [];
  for (let node = map.at; node; node = node.parent) way.unshift(node);
  byId("crumbs").replaceChildren(...way.flatMap((node, at) => {
    const text = at ? node.label : "whole model";
    const last = at === way.length - 1;
    const crumb = last
      ? make("span", { "aria-current": "location" }, text)
      : make("button", { type: "button", onclick: () => zoom(node) }, text);
    return at ? [make("span.sep", { "aria-hidden": "true" }, "›"), crumb] : [crumb];
  }));
}

function zoom(node) {
  map.at = node;
  map.over = -1;
  tip.replaceChildren();
  tip.hidden = true;
  drawMap();
}

function cellAt(x, y) {
  return map.cells.findIndex((cell) => x >= cell.x && x < cell.x + cell.w && y >= cell.y && y < cell.y + cell.h);
}

function point(at) {
  if (at === map.over && at >= 0) return;
  map.over = at;
  paint();
  tip.hidden = at < 0;
  if (at < 0) return;
  const cell = map.cells[at];
  const key = byId("colour").value;
  const says = kinds[key]
    ? kinds[key].of(cell.node.row)
    : `${measures[key].title.toLowerCase()} ${measures[key].text(measures[key].of(cell.node.known))}`;
  tip.replaceChildren(
    make("b", {}, cell.node.path),
    make("span", {}, `${textOf(shownSide(cell.node.row), "shape", cell.node.row)}, ${several(cell.node.known.size, "element")}, ${says}`),
  );
  const room = byId("map").clientWidth - tip.offsetWidth - 8;
  tip.style.left = `${Math.max(0, Math.min(room, canvas.offsetLeft + cell.x + Math.min(cell.w, 40)))}px`;
  const under = canvas.offsetTop + cell.y + Math.min(cell.h, 40) + 6;
  tip.style.top = `${Math.min(under, canvas.offsetTop + canvas.clientHeight - 8)}px`;
}

canvas.addEventListener("pointermove", (event) => {
  const at = cellAt(event.offsetX, event.offsetY);
  const title = frameTitleAt(event.offsetX, event.offsetY);
  canvas.style.cursor = at >= 0 || title ? "pointer" : "default";
  point(at);
});
canvas.addEventListener("pointerleave", () => point(-1));
canvas.addEventListener("blur", () => point(-1));
canvas.addEventListener("click", (event) => {
  const title = frameTitleAt(event.offsetX, event.offsetY);
  const at = cellAt(event.offsetX, event.offsetY);
  if (title) zoom(title.node);
  else if (at >= 0) go(map.cells[at].node.row);
});

function frameTitleAt(x, y) {
  return map.frames.findLast(
    (frame) => frame.titled && x >= frame.x && x < frame.x + frame.w && y >= frame.y && y < frame.y + TITLE);
}

canvas.addEventListener("keydown", (event) => {
  const steps = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (steps[event.key]) point(map.over < 0 ? 0 : beside(map.over, ...steps[event.key]));
  else if (event.key === "Enter" && map.over >= 0) go(map.cells[map.over].node.row);
  else if (event.key === "Backspace" && map.at.parent) zoom(map.at.parent);
  else if (event.key === "+" && map.over >= 0) zoom(stepTo(map.cells[map.over].node));
  else return;
  event.preventDefault();
});

/** The layer below the shown one that holds a node. */
function stepTo(node) {
  while (node.parent !== map.at && node.parent) node = node.parent;
  return node.row < 0 ? node : map.at;
}

/** The nearest cell in a direction. */
function beside(from, dx, dy) {
  const middle = (cell) => [cell.x + cell.w / 2, cell.y + cell.h / 2];
  const [x, y] = middle(map.cells[from]);
  let [best, least] = [from, Infinity];
  map.cells.forEach((cell, at) => {
    const [cx, cy] = middle(cell);
    const ahead = (cx - x) * dx + (cy - y) * dy;
    const aside = Math.abs((cx - x) * dy) + Math.abs((cy - y) * dx);
    if (at !== from && ahead > 0.5 && ahead + 2 * aside < least) [best, least] = [at, ahead + 2 * aside];
  });
  return best;
}
