// Builds DOM elements. Text only ever becomes text nodes and attributes, never markup.

/**
 * element("button", {class: "primary", type: "button", onclick: run}, "Send"). Names that begin with "on" and those
 * in the set below are set as properties, all others as attributes; undefined and false are left out.
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on") || properties.has(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== false));
  return node;
}

const properties = new Set(["value", "checked", "hidden", "disabled", "open"]);

/** The element of index.html with this id. */
export const byId = (id) => document.getElementById(id);

/** Writes only when it differs, so that nothing is laid out or announced for nothing. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
