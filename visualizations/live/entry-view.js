// What is told of one step of an actor: the event and its sender, the transitions and actions, or why it did nothing.
import { element } from "/element.js";
import { eventWords, stateWords, transitionParts } from "./format.js";
import { refusalWords } from "./outcome.js";

/**
 * @typedef {object} ShownStep
 * @property {string} title
 * @property {string | undefined} [from]
 * @property {string[] | undefined} [transitions]
 * @property {string[] | undefined} [actions]
 * @property {boolean | undefined} [handled]
 * @property {string[] | undefined} [refusedBy]
 * @property {"ignores" | "neverGets" | undefined} [declared]
 * @property {readonly string[]} states
 * @property {unknown} [payload] Only where the server shows payloads.
 */

/**
 * @param {ShownStep} step
 * @returns {HTMLElement[]}
 */
export function partsOfStep(step) {
  const { title, from, transitions = [], actions = [], handled, states, payload } = step;
  const properties = [propertyOf("Event", title)];
  if (from) properties.push(propertyOf("From", from));
  for (const key of transitions) properties.push(propertyOf("Took", wayOf(key)));
  if (actions.length > 0) properties.push(propertyOf("Ran", actions.join(", ")));
  if (handled === false) properties.push(propertyOf("Did nothing", refusalWords(step)));
  properties.push(propertyOf("Then in", states.map((state) => stateWords(state).join(" ").trim()).join(", ")));
  return [
    element("dl", { class: "properties" }, ...properties),
    ...(payload === undefined ? [] : [payloadOf(payload)]),
  ];
}

/**
 * @param {string} term
 * @param {string} text
 */
const propertyOf = (term, text) => element("div", {}, element("dt", {}, term), element("dd", {}, text));

/** @param {string} key of a transition */
const wayOf = (key) => {
  const { source, event } = transitionParts(key);
  return `${eventWords(event)}, in ${stateWords(source).join(" ").trim()}`;
};

/** @param {unknown} payload */
function payloadOf(payload) {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload, null, 2);
  const details = element("details", { class: "payload", open: true });
  details.append(element("summary", {}, "Payload"), element("pre", {}, text));
  return details;
}
