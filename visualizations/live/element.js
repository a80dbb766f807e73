// Builds DOM elements. Text only ever becomes text nodes and attributes, never markup.

const properties = new Set(["value", "checked", "hidden", "disabled", "open"]);

/** element("button", {class: "plain", onclick: run}, "Go"). What is undefined or false is left out. */
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

/** The element of index.html with this id. */
export const byId = (id) => document.getElementById(id);

/** Writes only when it differs, so that nothing is laid out or announced for nothing. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Brings a list's rows to what they should be and keeps those that stay: focus, selection and memory with them.
 * @param make (item) => a node with an `update(item)` of its own
 */
export function reconcile(list, items, keyOf, make) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  items.forEach((item, index) => {
    const key = keyOf(item);
    let node = old.get(key);
    if (!node) {
      node = make(item);
      node.dataset.key = key;
    }
    old.delete(key);
    node.update(item);
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  for (const node of old.values()) node.remove();
}
