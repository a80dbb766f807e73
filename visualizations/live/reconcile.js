// Keeps the rows of a list in step with what they show.

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
