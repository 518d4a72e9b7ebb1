// Small helpers around the document. Text from data only ever becomes text, never markup.

/** Returns the element of an id. */
function find(id) {
  return document.getElementById(id);
}

/** Makes an element from properties or attributes, and children that are elements or text. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Makes an SVG element from attributes. */
function vector(tag, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Writes a list of [name, text] pairs into a definition list. */
function writePairs(list, pairs) {
  list.replaceChildren(
    ...pairs.map(([name, text]) => element("div", {}, element("dt", {}, name), element("dd", {}, text))),
  );
}

/** Writes a figure with so many digits that it says something, and no more. */
function figure(value, digits = 2) {
  return value === null ? "none" : value.toFixed(digits).replace("-", "−");
}

/** Writes a number of any size with three digits that count. */
function significant(value) {
  return value === 0 ? "0" : Number(value.toPrecision(3)).toString().replace("-", "−");
}

/** Brings a number into a range. */
function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
