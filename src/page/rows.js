// Keeps the children of an element in step with a list of items, and those that stay as they are: what a person has
// unfolded, selected or focused in one of them is still so.

/**
 * @template Item
 * @typedef {{ node: HTMLElement, update: (item: Item) => void }} Row
 */

/**
 * Gives the function that shows a list of items.
 * @template Item
 * @template Key
 * @param {Element} list
 * @param {(item: Item, index: number) => Key} keyOf different for every item of a list
 * @param {(item: Item) => Row<Item>} make a row, which is updated before it is shown
 * @returns {(items: readonly Item[]) => void}
 */
export function createRows(list, keyOf, make) {
  /** @type {Map<Key, Row<Item>>} */
  let rows = new Map();
  return (items) => {
    const focused = document.activeElement;
    /** @type {Map<Key, Row<Item>>} */
    const next = new Map();
    let place = list.firstChild;
    for (const [index, item] of items.entries()) {
      const key = keyOf(item, index);
      const row = rows.get(key) ?? make(item);
      next.set(key, row);
      row.update(item);
      if (row.node === place) place = place.nextSibling;
      else list.insertBefore(row.node, place);
    }
    for (const [key, row] of rows) if (!next.has(key)) row.node.remove();
    rows = next;
    // A row that was moved has lost it.
    if (focused instanceof HTMLElement && focused !== document.activeElement && list.contains(focused)) focused.focus();
  };
}
