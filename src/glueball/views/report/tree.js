// The tree of layers, and what is known of a layer from its parameters: sums, pooled means and deviations.

/** What is known of one parameter, or of all in a layer; `n` counts finite elements that were measured. */
function nothing() {
  return {
    parameters: 0, size: 0, nbytes: 0, n: 0, mean: NaN, m2: 0, min: NaN, max: NaN,
    squares: 0, measured: 0, zeros: 0, nan: 0, inf: 0, graded: 0, gradN: 0, gradSquares: 0,
    changeSquares: 0, compared: 0, largest: NaN, cosine: NaN, unlike: 0,
  };
}

function ofRow(row) {
  const side = shownSide(row);
  const one = nothing();
  one.parameters = 1;
  one.size = numberOf(data.sides[side].size[row]) || 0;
  one.nbytes = numberOf(data.sides[side].nbytes[row]) || 0;
  const stats = statsOf(side, row);
  if (stats) {
    one.measured = one.size;
    one.n = Math.max(0, one.size - stats.nan - stats.inf);
    one.mean = stats.mean;
    one.m2 = stats.std * stats.std * one.n || 0;
    one.squares = stats.norm * stats.norm || 0;
    for (const key of ["min", "max", "zeros", "nan", "inf"]) one[key] = stats[key];
  }
  const grad = statsOf(side, row, "grad");
  if (grad) {
    one.graded = 1;
    one.gradN = Math.max(0, one.size - grad.nan - grad.inf);
    one.gradSquares = grad.norm * grad.norm || 0;
    one.nan += grad.nan;
    one.inf += grad.inf;
  }
  if (data.change) {
    one.unlike = statusOf(row) === "same" ? 0 : 1;
    const relative = changeOf(row, "relative");
    if (!Number.isNaN(relative)) {
      one.compared = one.squares;
      one.relative = relative;
      // From nothing but zeros a change has no ratio; it is as large as what came of it.
      one.changeSquares = Number.isFinite(relative)
        ? relative * relative * one.squares : (statsOf(1, row)?.norm ?? 0) ** 2;
    }
    one.largest = changeOf(row, "largest");
    one.cosine = changeOf(row, "cosine");
  }
  return one;
}

/** Add what is known of one to a sum. Means and deviations are merged as Chan, Golub and LeVeque do it. */
function add(sum, one) {
  if (one.n > 0 && !Number.isNaN(one.mean)) {
    const n = sum.n + one.n;
    const apart = sum.n ? one.mean - sum.mean : 0;
    sum.m2 += one.m2 + apart * apart * ((sum.n * one.n) / n);
    sum.mean = sum.n ? sum.mean + apart * (one.n / n) : one.mean;
    sum.n = n;
  }
  for (const key of ["parameters", "size", "nbytes", "squares", "measured", "zeros", "nan", "inf", "graded",
    "gradN", "gradSquares", "changeSquares", "compared", "unlike"])
    sum[key] += one[key];
  if (!(sum.min <= one.min)) sum.min = Number.isNaN(one.min) ? sum.min : one.min;
  if (!(sum.max >= one.max)) sum.max = Number.isNaN(one.max) ? sum.max : one.max;
  if (!(sum.largest >= one.largest)) sum.largest = Number.isNaN(one.largest) ? sum.largest : one.largest;
}

/** What can be shown of a parameter or a layer: for columns, for sorting and for colours. */
const measures = {
  size: { title: "Elements", of: (k) => k.size, text: compact, scale: "log" },
  nbytes: { title: "Bytes", of: (k) => k.nbytes, text: bytes, scale: "log" },
  mean: { title: "Mean", of: (k) => k.mean, text: short, scale: "diverging" },
  std: { title: "Std", of: (k) => (k.n ? Math.sqrt(k.m2 / k.n) : NaN), text: short, scale: "log" },
  rms: { title: "RMS", of: (k) => (k.n ? Math.sqrt(k.squares / k.n) : NaN), text: short, scale: "log" },
  norm: { title: "Norm", of: (k) => (k.measured ? Math.sqrt(k.squares) : NaN), text: short, scale: "log" },
  min: { title: "Min", of: (k) => k.min, text: short, scale: "diverging" },
  max: { title: "Max", of: (k) => k.max, text: short, scale: "diverging" },
  extreme: {
    title: "Largest |x|", of: (k) => Math.max(Math.abs(k.min), Math.abs(k.max)), text: short, scale: "log",
  },
  zeros: { title: "Zeros", of: (k) => (k.measured ? k.zeros / k.measured : NaN), text: percent, scale: "share" },
  bad: { title: "NaN, ∞", of: (k) => (k.measured ? k.nan + k.inf : NaN), text: compact, scale: "log" },
  grad: { title: "Grad RMS", of: (k) => (k.gradN ? Math.sqrt(k.gradSquares / k.gradN) : NaN), text: short, scale: "log" },
  gradShare: {
    title: "Grad / value", text: short, scale: "log",
    of: (k) => (k.gradN && k.n ? Math.sqrt(k.gradSquares / k.gradN / (k.squares / k.n)) : NaN),
  },
  relative: {
    title: "Change", text: short, scale: "log",
    of: (k) => k.relative ?? (k.compared ? Math.sqrt(k.changeSquares / k.compared) : NaN),
  },
  cosine: { title: "Cosine", of: (k) => k.cosine, text: short, scale: "linear" },
  largest: { title: "Largest |Δ|", of: (k) => k.largest, text: short, scale: "log" },
};

class Layer {
  constructor(label, path, parent) {
    Object.assign(this, { label, path, parent, row: -1, alias: "", open: false, shut: false, children: [] });
    this.depth = parent ? parent.depth + 1 : -1;
    this.known = nothing();
  }
}

/** The tree: layers by the dots in names; a tied parameter's other names stand there as links to it. */
function plant() {
  const root = new Layer("", "", null);
  const layers = new Map([["", root]]);
  const layerAt = (path) => {
    let found = layers.get(path);
    if (!found) {
      const dot = path.lastIndexOf(".");
      const above = layerAt(dot < 0 ? "" : path.slice(0, dot));
      layers.set(path, (found = new Layer(path.slice(dot + 1), path, above)));
      above.children.push(found);
    }
    return found;
  };
  const leaf = (name, row, alias) => {
    const dot = name.lastIndexOf(".");
    const above = layerAt(dot < 0 ? "" : name.slice(0, dot));
    const node = new Layer(name.slice(dot + 1), name, above);
    Object.assign(node, { row, alias });
    above.children.push(node);
    return node;
  };
  const leaves = names.map((name, row) => leaf(name, row, ""));
  names.forEach((name, row) => {
    for (const slot of slotsOf(row)) if (slot !== name && !rowIsNamed(slot)) leaf(slot, row, name);
  });
  leaves.forEach((node, row) => {
    node.known = ofRow(row);
    for (let layer = node.parent; layer; layer = layer.parent) add(layer.known, node.known);
  });
  joinChains(root);
  return { root, leaves };
}
const ownNames = new Set(names);
const rowIsNamed = (slot) => ownNames.has(slot);

/** A layer that holds one layer and nothing else is one line with it. */
function joinChains(root) {
  const waiting = [root];
  while (waiting.length) {
    const node = waiting.pop();
    node.children = node.children.map((child) => {
      let label = child.label;
      while (child.row < 0 && child.children.length === 1 && child.children[0].row < 0) {
        child = child.children[0];
        label += "." + child.label;
      }
      Object.assign(child, { label, parent: node, depth: node.depth + 1 });
      return child;
    });
    waiting.push(...node.children);
  }
}

const { root, leaves } = plant();
