// Shows surfaces from their specs (protocol 1.2): one section each, one control a field. A newer spec changes the
// controls in place, so that nobody loses the focus. Kinds the page does not know are shown as the JSON they are.
import { element, setText } from "./element.js";
import { createRows } from "./rows.js";

/**
 * @import { CatalogEntry, Field, Spec } from "../protocol/surface.ts"
 * @import { Row } from "./rows.js"
 * @import { Surface } from "./surfaces.js"
 *
 * @typedef {(payload: unknown) => void} Act Invokes the field's action.
 * @typedef {{ node: HTMLElement, update: (field: Field) => void }} FieldView
 * @typedef {(surface: Surface, actionId: string, payload: unknown) => void} Invoke
 */

/**
 * @template {Field["kind"]} Kind
 * @typedef {Extract<Field, { kind: Kind }>} FieldOf
 */

let lastId = 0;
const newId = () => `field-${++lastId}`;

/**
 * @template {Field["kind"]} Kind
 * @param {Field} field
 * @param {Kind} kind
 * @returns {field is FieldOf<Kind>}
 */
const isOf = (field, kind) => field.kind === kind;

/**
 * @template {Field["kind"]} Kind
 * @param {Kind} kind
 * @param {HTMLElement} node
 * @param {(field: FieldOf<Kind>) => void} show
 * @returns {FieldView}
 */
const viewOf = (kind, node, show) => ({
  node,
  update(field) {
    if (isOf(field, kind)) show(field);
  },
});

/** @param {Act} act */
function toggleView(act) {
  const id = newId();
  const label = element("label", { for: id });
  const input = element("input", { id, type: "checkbox", role: "switch", class: "switch" });
  input.onchange = () => {
    const wanted = input.checked;
    // The server decides: the switch moves when the next spec says so.
    input.checked = !wanted;
    act({ value: wanted });
  };
  return viewOf("toggle", element("div", { class: "field field-row" }, label, input), (field) => {
    setText(label, field.label);
    input.checked = field.value;
  });
}

function progressView() {
  const id = newId();
  const label = element("label", { for: id });
  const bar = element("progress", { id, max: "1" });
  const percent = element("span", { class: "field-value" });
  return viewOf("progress", element("div", { class: "field field-progress" }, label, percent, bar), (field) => {
    setText(label, field.label);
    bar.value = field.value;
    setText(percent, `${Math.round(field.value * 100)} %`);
  });
}

/** @param {Act} act */
function selectorView(act) {
  const id = newId();
  const label = element("label", { for: id });
  const select = element("select", { id });
  let shown = "";
  let value = "";
  select.onchange = () => {
    const wanted = select.value;
    select.value = value;
    act({ value: wanted });
  };
  return viewOf("selector", element("div", { class: "field" }, label, select), (field) => {
    setText(label, field.label);
    const options = JSON.stringify(field.options);
    if (options !== shown) {
      select.replaceChildren(
        ...field.options.map((option) => element("option", { value: option.value }, option.label)),
      );
    }
    shown = options;
    select.value = value = field.value;
  });
}

function statView() {
  const name = element("dt");
  const value = element("dd");
  return viewOf("stat", element("dl", { class: "field field-row" }, name, value), (field) => {
    setText(name, field.label);
    setText(value, field.value);
  });
}

/** @param {Act} act */
function buttonView(act) {
  const button = element("button", { type: "button", class: "plain", onclick: () => act(undefined) });
  return viewOf("button", element("div", { class: "field" }, button), (field) => setText(button, field.label));
}

/** @returns {FieldView} */
function jsonView() {
  const pre = element("pre", { tabindex: "0" });
  return {
    node: element("div", { class: "field" }, pre),
    update: (field) => setText(pre, JSON.stringify(field.kind === "custom" ? field.payload : field, null, 2)),
  };
}

/** @type {ReadonlyMap<Field["kind"], (act: Act) => FieldView>} */
const fieldViews = new Map([
  ["toggle", toggleView],
  ["progress", progressView],
  ["selector", selectorView],
  ["stat", statView],
  ["button", buttonView],
]);

/**
 * @param {Surface} surface
 * @param {Invoke} onInvoke
 * @returns {Row<{ surface: Surface, name: string }>}
 */
function createSection(surface, onInvoke) {
  const title = element("h3");
  const body = element("div", { class: "fields" });
  const error = element("p", { class: "notice", role: "alert", hidden: true });
  const node = element("section", { class: "surface" }, title, body, error);
  let shape = "";
  /** @type {FieldView[]} */
  let views = [];

  /** @param {Spec} spec */
  function rebuild({ fields }) {
    views = fields.map(({ kind }, index) => {
      const createView = fieldViews.get(kind) ?? jsonView;
      return createView((payload) => {
        // A field of this kind has an action, which a newer spec may have changed.
        const field = surface.spec?.fields[index];
        if (field && "action" in field) onInvoke(surface, field.action.actionId, payload);
      });
    });
    body.replaceChildren(...views.map((view) => view.node));
  }

  return {
    node,
    update({ name }) {
      setText(title, surface.spec?.title ?? name);
      error.hidden = surface.error === undefined;
      setText(error, surface.error ?? "");
      if (!surface.spec) return;
      const nextShape = JSON.stringify(surface.spec.fields.map((field) => field.kind));
      if (nextShape !== shape) rebuild(surface.spec);
      shape = nextShape;
      for (const [index, field] of surface.spec.fields.entries()) views[index]?.update(field);
    },
  };
}

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {Invoke} options.onInvoke
 */
export function createSurfaceView({ root, onInvoke }) {
  const show = createRows(
    root,
    ({ surface }) => surface,
    /** @param {{ surface: Surface, name: string }} item */
    ({ surface }) => createSection(surface, onInvoke),
  );
  return {
    /**
     * @param {readonly Surface[]} surfaces those watched, in order
     * @param {readonly CatalogEntry[]} catalog gives their names until the first spec comes
     */
    update(surfaces, catalog) {
      const titles = new Map(catalog.map(({ id, title }) => [id, title]));
      show(surfaces.map((surface) => ({ surface, name: titles.get(surface.surfaceId) ?? surface.surfaceId })));
    },
  };
}
