"use strict";
/* Elements, whose text is always set as text. */

function byId(id) {
  return document.getElementById(id);
}

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function show(id, isShown) {
  byId(id).hidden = !isShown;
}

function pairs(entries) {
  return entries.map(([name, text]) => element("div", "", element("dt", "", name), element("dd", "", text)));
}
