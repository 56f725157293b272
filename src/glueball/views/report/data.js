// The report's data: columns, as columns.py wrote them, and the questions that the page asks of them.
const data = JSON.parse(document.getElementById("data").textContent);
const names = data.names;
const two = data.called.length > 1;
const letterValue = new Map([...data.letters].map((letter, at) => [letter, at]));

/** A number as Python wrote it: what JSON has no number for came as text, and NaN as null. */
function numberOf(written) {
  return written === null || written === undefined ? NaN : Number(String(written).replace("inf", "Infinity"));
}

/** The text at a place of a column, "" where the side has no such parameter. */
function textOf(side, column, row) {
  const place = data.sides[side][column][row];
  return place === null || place === undefined ? "" : data.texts[place];
}

/** Whether a side has this parameter. */
function has(side, row) {
  return side < data.sides.length && data.sides[side].dtype[row] !== null;
}

/** The side that the table shows: the first that has the parameter. */
function shownSide(row) {
  return has(0, row) ? 0 : 1;
}

/** The statistics of the values ("stats") or of the gradient ("grad"), or null. */
function statsOf(side, row, which = "stats") {
  const columns = has(side, row) && data.sides[side][which];
  if (!columns || columns.zeros[row] === null) return null;
  const one = { quantiles: (columns.quantiles[row] || []).map(numberOf) };
  for (const key of ["min", "max", "mean", "std", "norm", "zeros", "nan", "inf", "low", "high", "peak"])
    one[key] = numberOf(columns[key][row]);
  if (columns.low[row] === null) [one.low, one.high] = [one.min, one.max];
  one.bars = heights(columns.bars[row]);
  one.size = numberOf(data.sides[side].size[row]);
  return one;
}

/** The heights of a histogram's bars, of which the highest is 1. */
function heights(text) {
  const found = [];
  const { wide } = data; // letters for each bar
  for (let at = 0; at < (text || "").length; at += wide) {
    let level = 0;
    for (let k = 0; k < wide; k++) level = level * 64 + letterValue.get(text[at + k]);
    found.push(level / (64 ** wide - 1));
  }
  return found;
}

/** Every name that leads to a parameter; the first is its own. */
function slotsOf(row, side = shownSide(row)) {
  const listed = data.sides[side].slots[row];
  return listed ? listed[0] : [names[row]];
}

/** How many further names of a parameter the report does not list. */
function moreSlots(row, side = shownSide(row)) {
  const listed = data.sides[side].slots[row];
  return listed ? listed[1] : 0;
}

const statusOf = (row) => (data.change ? data.statuses[data.change.status[row]] : "");
const changeOf = (row, what) => (data.change ? numberOf(data.change[what][row]) : NaN);

// Every slot and every layer's path, for links, and for patterns that name one exactly.
const rowBySlot = new Map();
names.forEach((name, row) => rowBySlot.set(name, row));
names.forEach((_, row) => {
  for (let side = 0; side < data.sides.length; side++)
    if (has(side, row))
      for (const slot of slotsOf(row, side)) if (!rowBySlot.has(slot)) rowBySlot.set(slot, row);
});

/** The names that a pattern is tried on: all slots, the layer's own name, weights computed from it. */
function answersOf(row) {
  const found = [];
  for (let side = 0; side < data.sides.length; side++)
    if (has(side, row)) {
      const own = data.sides[side].own[row];
      found.push(...slotsOf(row, side), ...(own ? [own] : []), ...(data.sides[side].answers[row] || []));
    }
  return found.length > 1 ? [...new Set(found)] : found;
}
