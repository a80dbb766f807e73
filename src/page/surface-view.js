// Shows surfaces from their specs (protocol 1.2): one section each, one control a field. A newer spec changes the
// controls in place, so that nobody loses the focus. Kinds the page does not know are shown as the JSON they are.
import { element, setText } from "./element.js";

let lastId = 0;
const newId = () => `field-${++lastId}`;

/** Each: (act) => {node, update(field)}; act(payload) invokes the field's action. */
const makers = {
  toggle: (act) => {
    const id = newId();
    const label = element("label", { for: id });
    const input = element("input", { id, type: "checkbox", role: "switch", class: "switch" });
    input.onchange = () => {
      const wanted = input.checked;
      // The server decides: the switch moves when the next spec says so.
      input.checked = !wanted;
      act({ value: wanted });
    };
    return {
      node: element("div", { class: "field field-row" }, label, input),
      update(field) {
        setText(label, field.label);
        input.checked = field.value;
      },
    };
  },

  progress: () => {
    const id = newId();
    const label = element("label", { for: id });
    const bar = element("progress", { id, max: "1" });
    const percent = element("span", { class: "field-value" });
    return {
      node: element("div", { class: "field field-progress" }, label, percent, bar),
      update(field) {
        setText(label, field.label);
        bar.value = field.value;
        setText(percent, `${Math.round(field.value * 100)} %`);
      },
    };
  },

  selector: (act) => {
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
    return {
      node: element("div", { class: "field" }, label, select),
      update(field) {
        setText(label, field.label);
        const options = JSON.stringify(field.options);
        if (options !== shown) {
          select.replaceChildren(
            ...field.options.map((option) => element("option", { value: option.value }, option.label)),
          );
        }
        shown = options;
        select.value = value = field.value;
      },
    };
  },

  stat: () => {
    const name = element("dt");
    const value = element("dd");
    return {
      node: element("dl", { class: "field field-row" }, name, value),
      update(field) {
        setText(name, field.label);
        setText(value, field.value);
      },
    };
  },

  button: (act) => {
    const button = element("button", { type: "button", class: "plain", onclick: () => act(undefined) });
    return {
      node: element("div", { class: "field" }, button),
      update: (field) => setText(button, field.label),
    };
  },
};

const makeJson = () => {
  const pre = element("pre", { tabindex: "0" });
  return {
    node: element("div", { class: "field" }, pre),
    update: (field) => setText(pre, JSON.stringify(field.kind === "custom" ? field.payload : field, null, 2)),
  };
};

function createSection(surface, onInvoke) {
  const title = element("h3");
  const body = element("div", { class: "fields" });
  const error = element("p", { class: "notice", role: "alert", hidden: true });
  const node = element("section", { class: "surface" }, title, body, error);
  let shape = "";
  let fields = [];
  let spec;

  function rebuild() {
    fields = spec.fields.map((field, index) =>
      (makers[field.kind] ?? makeJson)((payload) => onInvoke(surface, spec.fields[index].action.actionId, payload)),
    );
    body.replaceChildren(...fields.map((field) => field.node));
  }

  return {
    node,
    update(name) {
      setText(title, surface.spec?.title ?? name);
      error.hidden = surface.error === undefined;
      setText(error, surface.error ?? "");
      if (!surface.spec) return;
      spec = surface.spec;
      const nextShape = JSON.stringify(spec.fields.map((field) => field.kind));
      if (nextShape !== shape) rebuild();
      shape = nextShape;
      for (const [index, field] of spec.fields.entries()) fields[index].update(field);
    },
  };
}

/** @param options.onInvoke (surface, actionId, payload) */
export function createSurfaceView({ root, onInvoke }) {
  let sections = new Map();
  return {
    /** surfaces: those watched, in order; catalog gives their names until the first spec comes. */
    update(surfaces, catalog) {
      const next = new Map();
      for (const surface of surfaces) {
        const section = sections.get(surface) ?? createSection(surface, onInvoke);
        next.set(surface, section);
        section.update(catalog.find((entry) => entry.id === surface.surfaceId)?.title ?? surface.surfaceId);
      }
      const nodes = [...next.values()].map((section) => section.node);
      const isSame = nodes.length === root.childNodes.length && nodes.every((node, i) => node === root.childNodes[i]);
      if (!isSame) root.replaceChildren(...nodes);
      sections = next;
    },
  };
}
