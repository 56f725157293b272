// Colours for a statistic: one ramp from pale to deep, a diverging one around 0, a hue for each kind.
// In the dark the ramps begin near the background too, so little is always quiet.

const ramps = {
  light: {
    ramp: ["#d9e6e9", "#b9d4da", "#8ab9c4", "#519aac", "#24728b", "#134e68"],
    apart: ["#1f5fa8", "#6d9fd0", "#bcd2e6", "#efefec", "#ecc7a8", "#d8874a", "#a84e10"],
    kinds: ["#6b9fb5", "#c98f5a", "#7fa86e", "#a787b8", "#b8a24e", "#c47b82", "#6f8ac0", "#8f8f88"],
    none: "#dcdcd7", alarm: "#c62828", ink: "#1c1d20", paper: "#ffffff",
  },
  dark: {
    ramp: ["#22303a", "#244c60", "#2c6b84", "#4590a6", "#7bbac4", "#cbe6e4"],
    apart: ["#77b1ec", "#4d80b8", "#34506f", "#2b2d31", "#6d4a2e", "#b87538", "#f0a35e"],
    kinds: ["#5d93aa", "#b98350", "#75996a", "#977ba9", "#a8944a", "#b37078", "#667fb0", "#85857f"],
    none: "#3a3d42", alarm: "#ff6b61", ink: "#e6e7e9", paper: "#15171a",
  },
};
const darkWanted = window.matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme || (darkWanted.matches ? "dark" : "light")) === "dark";
const palette = () => ramps[isDark() ? "dark" : "light"];

const parts = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
/** The colour at t (0 to 1) of a list of colours. */
function blend(colours, t) {
  const place = Math.max(0, Math.min(1, t)) * (colours.length - 1);
  const at = Math.min(colours.length - 2, Math.floor(place));
  const [from, to] = [parts(colours[at]), parts(colours[at + 1])];
  return `rgb(${from.map((value, k) => Math.round(value + (to[k] - value) * (place - at))).join(",")})`;
}

/** Ink for text on a colour. */
function inkOn(colour) {
  const [r, g, b] = colour.startsWith("#") ? parts(colour) : colour.match(/\d+/g).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#16181b" : "#f4f5f6";
}

const kinds = {
  dtype: { title: "Type", of: (row) => textOf(shownSide(row), "dtype", row) },
  status: { title: "Status", of: (row) => statusOf(row), when: () => two },
  layer: { title: "Top layer", of: (row) => names[row].split(".")[0] },
};

/** How a statistic is coloured: a function of a row, and what its legend says. */
function colouring(key) {
  const colours = palette();
  if (kinds[key]) {
    const found = [...new Set(names.map((_, row) => kinds[key].of(row)))];
    const colourOf = new Map(found.map((text, at) => [text, colours.kinds[at % colours.kinds.length]]));
    return { of: (row) => colourOf.get(kinds[key].of(row)), legend: found.map((text) => [colourOf.get(text), text]) };
  }
  const measure = measures[key];
  const values = leaves.map((leaf) => measure.of(leaf.known));
  const limits = limitsOf(values, measure.scale);
  const colourOf = (value) => {
    if (Number.isNaN(value)) return colours.none;
    if (!Number.isFinite(value)) return blend(colours.ramp, 1);
    if (measure.scale === "diverging") return blend(colours.apart, 0.5 + value / (2 * limits[1]));
    if (measure.scale === "log") {
      if (value <= 0) return blend(colours.ramp, 0);
      const [low, high] = limits.map(Math.log);
      return blend(colours.ramp, high > low ? (Math.log(value) - low) / (high - low) : 0.5);
    }
    return blend(colours.ramp, limits[1] > limits[0] ? (value - limits[0]) / (limits[1] - limits[0]) : 0.5);
  };
  const of = (row) => {
    const known = leaves[row].known;
    return known.nan + known.inf > 0 ? colours.alarm : colourOf(values[row]);
  };
  const middle = measure.scale === "log" ? Math.sqrt(limits[0] * limits[1]) : (limits[0] + limits[1]) / 2;
  return { of, ramp: measure.scale === "diverging" ? colours.apart : colours.ramp,
    ends: [limits[0], middle, limits[1]].map((value) => measure.text(value)) };
}

/** Robust limits: a fiftieth of the parameters at each end may lie beyond. */
function limitsOf(values, scale) {
  if (scale === "share") return [0, 1];
  const known = Float64Array.from(values.filter((value) => Number.isFinite(value) && (scale !== "log" || value > 0))).sort();
  if (!known.length) return scale === "log" ? [1e-3, 1] : [-1, 1];
  const at = (share) => known[Math.round(share * (known.length - 1))];
  if (scale === "diverging") {
    const most = Math.max(Math.abs(at(0.02)), Math.abs(at(0.98))) || 1;
    return [-most, most];
  }
  return [at(0.02), at(0.98)];
}

function drawLegend(chosen) {
  const legend = byId("legend");
  if (chosen.legend) {
    const most = chosen.legend.slice(0, 8);
    legend.replaceChildren(...most.map(([colour, text]) => {
      const key = make("span.key", {}, make("i"), text || "none");
      key.firstChild.style.background = colour;
      return key;
    }));
    if (chosen.legend.length > 8) legend.append(make("span.key", {}, `and ${chosen.legend.length - 8} more`));
    return;
  }
  const bar = make("i.ramp");
  bar.style.background = `linear-gradient(to right, ${chosen.ramp.join(",")})`;
  const marks = chosen.ends.map((text) => make("span", {}, text));
  legend.replaceChildren(make("span.scale", {}, bar, make("span.marks", {}, ...marks)));
}
