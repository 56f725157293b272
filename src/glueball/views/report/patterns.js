// Patterns with the meaning that they have in Python (glueball.patterns): a name or path that is written
// whole takes that; else a regular expression takes what it matches whole, a name or a layer that holds it.

const answers = names.map((_, row) => answersOf(row));

/** The rows (as 1 in an array) that a pattern takes; throws a SyntaxError. */
function takenByPattern(text) {
  const taken = new Uint8Array(names.length);
  if (/^[\p{L}\p{N}_ .-]*\.[\p{L}\p{N}_ .-]*$/u.test(text) && takeExactly(text, taken)) return taken;
  const expression = fromPython(text);
  const known = new Map([["", false]]);
  const matches = (path) => {
    let found = known.get(path);
    if (found === undefined) known.set(path, (found = expression.test(path)));
    return found;
  };
  answers.forEach((all, row) => {
    taken[row] = all.some((name) => expression.test(name) || layersOf(name).some(matches)) ? 1 : 0;
  });
  return taken;
}

/** The rows whose name has a text in it, whatever the case. */
function takenByText(text) {
  const wanted = text.toLowerCase();
  return Uint8Array.from(answers, (all) => (all.some((name) => name.toLowerCase().includes(wanted)) ? 1 : 0));
}

function takeExactly(text, taken) {
  let some = false;
  answers.forEach((all, row) => {
    if (all.some((name) => name === text || name.startsWith(text + "."))) some = taken[row] = 1;
  });
  return some;
}

/** The paths of the layers around a name, the outermost first. */
function layersOf(name) {
  const found = [];
  for (let at = name.indexOf("."); at >= 0; at = name.indexOf(".", at + 1)) found.push(name.slice(0, at));
  return found;
}

/** A regular expression of Python's `re` as JavaScript's, for a whole text. */
function fromPython(text) {
  let flags = "u";
  const begin = /^\(\?([aimsu]+)\)/.exec(text);
  if (begin) for (const flag of begin[1]) if ("ims".includes(flag)) flags += flag;
  let out = "";
  let inClass = 0; // where the class began, so that a ] that stands first in it is a letter
  for (let at = begin ? begin[0].length : 0; at < text.length; at++) {
    const letter = text[at];
    const rest = text.slice(at);
    if (letter === "\\") {
      const next = [...text.slice(at + 1)][0] || "";
      at += next.length;
      out += escaped(next, inClass);
    } else if (inClass) {
      if (letter === "]" && out.length > inClass) {
        inClass = 0;
        out += letter;
      } else out += letter === "]" || letter === "[" ? "\\" + letter : letter;
    } else if (letter === "[") {
      out += text[at + 1] === "^" ? "[^" : "[";
      at += text[at + 1] === "^" ? 1 : 0;
      inClass = out.length;
    } else if (rest.startsWith("(?P<")) {
      out += "(?<";
      at += 3;
    } else if (rest.startsWith("(?P=")) {
      const end = text.indexOf(")", at);
      out += `\\k<${text.slice(at + 4, end)}>`;
      at = end;
    } else if (rest.startsWith("(?#")) {
      at = Math.max(at, text.indexOf(")", at));
    } else if (letter === "{") {
      const times = /^\{(\d*)(,?)(\d*)\}/.exec(rest);
      if (times && (times[1] || times[3])) {
        out += `{${times[1] || 0}${times[2]}${times[3]}}`;
        at += times[0].length - 1;
      } else out += "\\{";
    } else out += letter === "}" || letter === "]" ? "\\" + letter : letter;
  }
  return new RegExp(`^(?:${out})$`, flags);
}

function escaped(letter, inClass) {
  const words = "\\p{L}\\p{N}_";
  if (letter === "w") return inClass ? words : `[${words}]`;
  if (letter === "W" && !inClass) return `[^${words}]`;
  if (letter === "d") return "\\p{Nd}";
  if (letter === "D") return "\\P{Nd}";
  if (letter === "A") return "^";
  if (letter === "Z") return "$";
  if (/[\p{L}\p{N}]/u.test(letter) || "^$\\.*+?()[]{}|/".includes(letter) || (letter === "-" && inClass))
    return "\\" + letter;
  return letter;
}
