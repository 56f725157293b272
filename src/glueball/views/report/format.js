// Numbers as a person reads them, and small helpers for elements. Text is only ever set as text.

/** Four digits; – for what is not known. */
function short(value) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = value === 0 ? "0" : size >= 1e-3 && size < 1e5 ? plain(value) : tens(value);
  return text.replace(/-/g, "−");
}
const plain = (value) => String(Number(value.toPrecision(4)));
const tens = (value) => value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");

const whole = (value) => (Number.isNaN(value) ? "?" : value.toLocaleString("en-US"));
const several = (value, noun) => `${whole(value)} ${noun}${value === 1 ? "" : "s"}`;

/** A share as a percentage, in which only nothing is 0 and only all is 100. */
function percent(share) {
  if (Number.isNaN(share)) return "–";
  if (share === 0 || share === 1) return `${share * 100}%`;
  const value = share * 100;
  if (value < 0.01) return "<0.01%";
  return `${value > 99.9 ? Math.min(value, 99.99).toFixed(2) : value < 1 ? value.toFixed(2) : value.toFixed(1)}%`;
}

function bytes(count) {
  if (Number.isNaN(count)) return "?";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; count >= 1024 && at < units.length - 1; at++) count /= 1024;
  return `${at ? count.toFixed(1) : count} ${units[at]}`;
}

/** A count in a narrow place: 1.2k, 38.6M. */
function compact(count) {
  if (Number.isNaN(count)) return "?";
  for (const [from, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]])
    if (count >= from) return `${Number((count / (unit === "k" ? 1e3 : from)).toPrecision(3))}${unit}`;
  return whole(count);
}

/** An element: its attributes (on… for events, class, text), then its children. */
function make(tag, attributes = {}, ...children) {
  const [kind, ...classes] = tag.split(".");
  const drawn = ["svg", "path", "line", "rect", "text", "g", "title", "linearGradient", "stop", "defs"];
  const element = drawn.includes(kind)
    ? document.createElementNS("http://www.w3.org/2000/svg", kind)
    : document.createElement(kind);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false)
      element.setAttribute(key, value === true ? "" : value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A name that may be broken after its dots. */
function breakable(name) {
  const parts = name.split(/(?<=[._/])/);
  return parts.flatMap((part, at) => (at ? [make("wbr"), part] : [part]));
}

const byId = (id) => document.getElementById(id);

/** A group of radio buttons: `chosen` gets the value that was chosen. */
function radios(id, key, value, chosen) {
  const buttons = [...byId(id).querySelectorAll("button")];
  const set = (wanted) => {
    for (const button of buttons) {
      const on = button.dataset[key] === wanted;
      button.setAttribute("aria-checked", on);
      button.tabIndex = on ? 0 : -1;
    }
  };
  buttons.forEach((button, at) => {
    button.addEventListener("click", () => (set(button.dataset[key]), chosen(button.dataset[key])));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = buttons[(at + step + buttons.length) % buttons.length];
      next.focus();
      next.click();
    });
  });
  set(value);
  return set;
}
