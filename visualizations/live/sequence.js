// A sequence diagram, laid out: a lane for each actor, time downwards, an arrow for each event that one actor sent to
// another, a dot for each that came from elsewhere, and the states that followed. Pure, and without a document: the
// page makes elements of the tree that this returns, `npm run sequence` prints it.

/**
 * @typedef {object} Lane
 * @property {string} id
 * @property {string} kind
 * @property {string} name
 * @property {string} [livesWith] The id of the lane with which it begins and ends, instead of its own.
 *
 * @typedef {object} Message
 * @property {number} at Milliseconds since the epoch.
 * @property {string} to The id of the lane that received it.
 * @property {string | undefined} from The id of the lane that sent it; undefined: no actor did.
 * @property {string} origin Where it came from, in a word, when no lane sent it.
 * @property {"event" | "started" | "ended"} kind
 * @property {string} label
 * @property {string[]} states The states that it led to, in words.
 * @property {"warn" | "bad" | undefined} tone Of those states.
 * @property {boolean} isIdle It did nothing.
 * @property {number} count How many the same this stands for.
 * @property {boolean} [isLast] Its actor ends with it.
 *
 * @typedef {{ tag: string, attributes: Record<string, string | number>, children: (Shape | string)[] }} Shape
 *
 * @typedef {object} SequenceOptions
 * @property {readonly Lane[]} lanes
 * @property {readonly Message[]} messages
 * @property {(message: Message) => string} timeOf What stands on the time axis.
 * @property {number} laneWidth
 * @property {boolean} [isTight] Rows are as low as they can be, and there is no time axis.
 * @property {number} [first] The first row to draw, and how many.
 * @property {number} [count]
 */

export const rowHeight = 44;
/** Where rows need not be of one height: of one with states, and of one without. */
const tightRowHeights = [39, 22];
export const headHeight = 46;
export const laneWidthMin = 116;
const timeWidth = 96;
const marginLeft = 12;
/** Beyond the last lane. */
const marginRight = 24;
/** A monospaced character at 12 px. */
const characterWidth = 7.25;
const labelCharactersMax = 26;

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...(Shape | string)} children
 * @returns {Shape}
 */
const shape = (tag, attributes, ...children) => ({ tag, attributes, children });

/**
 * @param {string} text
 * @param {number} charactersMax
 */
const cut = (text, charactersMax = labelCharactersMax) =>
  text.length > charactersMax ? `${text.slice(0, charactersMax - 1)}…` : text;

/**
 * @param {number} laneCount
 * @param {number} laneWidth
 */
export const widthOf = (laneCount, laneWidth, isTight = false) =>
  (isTight ? marginLeft : timeWidth) + laneCount * laneWidth + marginRight;

/**
 * How high the rows are.
 * @param {readonly Message[]} messages
 */
export const tightHeightOf = (messages) => topsOf(messages, true).at(-1) ?? 0;

/**
 * The top of each row, and the bottom of the last.
 * @param {readonly Message[]} messages
 * @param {boolean} isTight
 */
function topsOf(messages, isTight) {
  const tops = [0];
  const [withStates = rowHeight, without = rowHeight] = isTight ? tightRowHeights : [];
  for (const { states } of messages) tops.push((tops.at(-1) ?? 0) + (states.length > 0 ? withStates : without));
  return tops;
}

/**
 * The widest lanes with which all of them fit, within bounds.
 * @param {number} laneCount
 * @param {number} width
 */
export const laneWidthFor = (laneCount, width) =>
  Math.min(180, Math.max(laneWidthMin, Math.floor((width - timeWidth - marginRight) / Math.max(1, laneCount))));

/**
 * The names of the lanes, which stand above the rows.
 * @param {readonly Lane[]} lanes
 * @param {number} laneWidth
 * @returns {Shape[]}
 */
export function headsOf(lanes, laneWidth, isTight = false) {
  const charactersMax = Math.floor((laneWidth - 26) / characterWidth);
  return lanes.map(({ kind, name }, index) => {
    const x = (isTight ? marginLeft : timeWidth) + index * laneWidth + 4;
    return shape(
      "g",
      { class: `lane-head ${kind}` },
      shape("rect", { class: "lane-box", x, y: 4, width: laneWidth - 8, height: headHeight - 8, rx: 8 }),
      shape("text", { class: "lane-kind", x: x + 10, y: 21 }, kind),
      shape("text", { class: "lane-name", x: x + 10, y: 36 }, cut(name, charactersMax)),
    );
  });
}

/**
 * The rows, from y = 0; as many as asked for, all else.
 * @param {SequenceOptions} options
 * @returns {Shape[]}
 */
export function rowsOf({ lanes, messages, timeOf, laneWidth, isTight = false, first = 0, count = messages.length }) {
  /** @param {number} index */
  const xOf = (index) => (isTight ? marginLeft : timeWidth) + (index + 0.5) * laneWidth;
  const tops = topsOf(messages, isTight);
  const places = new Map(lanes.map(({ id }, index) => [id, xOf(index)]));
  const width = widthOf(lanes.length, laneWidth, isTight);
  const rows = messages.slice(first, first + count);
  return [
    ...lanes.map((lane, index) => lifeline(lane, xOf(index), messages, tops)),
    ...rows.map((message, index) =>
      row(message, tops[first + index] ?? 0, { places, timeOf: isTight ? undefined : timeOf, width, laneWidth }),
    ),
  ];
}

/**
 * @param {Lane} lane
 * @param {number} x
 * @param {readonly Message[]} messages
 * @param {readonly number[]} tops
 */
function lifeline({ id, kind, livesWith = id }, x, messages, tops) {
  const isIts = messages.map(({ to }) => to === livesWith);
  const born = messages.findIndex((message, index) => message.kind === "started" && isIts[index]);
  const ended = messages.findIndex((message, index) => (message.kind === "ended" || message.isLast) && isIts[index]);
  const from = born < 0 ? 0 : (tops[born] ?? 0) + 16;
  const to = ended < 0 ? (tops.at(-1) ?? 0) : (tops[ended] ?? 0) + 16;
  return shape("line", { class: `life ${kind}`, x1: x, y1: from, x2: x, y2: Math.max(from, to) });
}

/**
 * @param {Message} message
 * @param {number} top
 * @param {object} among
 * @param {ReadonlyMap<string, number>} among.places
 * @param {((message: Message) => string) | undefined} among.timeOf
 * @param {number} among.width
 * @param {number} among.laneWidth
 */
function row(message, top, { places, timeOf, width, laneWidth }) {
  const { from, to, tone, isIdle } = message;
  const x = places.get(to) ?? 0;
  const source = from === undefined || from === to ? undefined : places.get(from);
  const classes = ["row", message.isLast ? "ended" : message.kind, tone ?? "", isIdle ? "idle" : ""]
    .filter(Boolean)
    .join(" ");
  const line = top + (timeOf ? 18 : 14);
  return shape(
    "g",
    { class: classes },
    ...(timeOf
      ? [
          shape("rect", { class: "row-back", x: 0, y: top, width, height: rowHeight }),
          shape("text", { class: "row-time", x: 8, y: line }, timeOf(message)),
        ]
      : []),
    ...(source === undefined ? dot(message, x, line, width) : arrow(message, source, x, line, laneWidth)),
    ...chip(message, x, line + 6),
  );
}

/** @param {Message} message */
const labelOf = ({ label, count }) => (count > 1 ? `${cut(label)} ×${count}` : cut(label));

/**
 * @param {Message} message
 * @param {number} x
 * @param {number} y
 * @param {number} width of the whole row
 */
function dot(message, x, y, width) {
  const { kind, origin, isLast } = message;
  const mark =
    kind === "ended" || isLast
      ? shape("path", { class: "mark", d: `M${x - 5} ${y - 7} l10 10 m0 -10 l-10 10` })
      : shape("circle", { class: "mark", cx: x, cy: y - 2, r: kind === "started" ? 5 : 3.5 });
  const origins = kind === "event" ? [shape("tspan", { class: "origin" }, `${origin} `)] : [];
  const label = labelOf(message);
  const length = (label.length + (kind === "event" ? origin.length + 1 : 0)) * characterWidth;
  // Where there is no room to the right of the last lanes it stands to the left.
  const isLeft = x + 10 + length > width;
  const place = { class: isLeft ? "label ahead" : "label", x: isLeft ? x - 10 : x + 10, y: y + 2 };
  return [mark, shape("text", place, ...origins, label)];
}

/**
 * @param {Message} message
 * @param {number} source
 * @param {number} x
 * @param {number} y
 * @param {number} laneWidth
 */
function arrow(message, source, x, y, laneWidth) {
  const ahead = x > source ? 1 : -1;
  const tip = x - ahead * 3;
  const head = `M${tip} ${y} l${-ahead * 9} -4.5 l0 9 z`;
  // Above the arrow, in the gap before its end: where many arrows are long, the labels stand at those that they reach.
  const middle = x - (ahead * laneWidth) / 2;
  return [
    shape("circle", { class: "mark", cx: source, cy: y, r: 2.5 }),
    shape("line", { class: "line", x1: source, y1: y, x2: tip - ahead * 6, y2: y }),
    shape("path", { class: "head", d: head }),
    shape("text", { class: "label sent", x: middle, y: y - 5 }, labelOf(message)),
  ];
}

/**
 * @param {Message} message
 * @param {number} x
 * @param {number} y
 */
function chip({ states }, x, y) {
  if (states.length === 0) return [];
  const text = cut(states.join(", "));
  const width = text.length * characterWidth + 14;
  return [
    shape("rect", { class: "chip-box", x: x - width / 2, y, width, height: 18, rx: 6 }),
    shape("text", { class: "chip-text", x, y: y + 13 }, text),
  ];
}

/**
 * Rows that repeat the one before and change nothing, as one row that says how many they are.
 * @param {readonly Message[]} messages
 */
export function folded(messages) {
  /** @type {Message[]} */
  const rows = [];
  for (const message of messages) {
    const last = rows.at(-1);
    const isSame =
      last !== undefined &&
      message.kind === "event" &&
      message.states.length === 0 &&
      ["kind", "to", "from", "label", "origin", "isIdle"].every(
        (name) => Reflect.get(last, name) === Reflect.get(message, name),
      );
    if (isSame && last.states.length === 0) rows[rows.length - 1] = { ...last, count: last.count + message.count };
    else rows.push(message);
  }
  return rows;
}

/**
 * The tree as text, to be stored in a file.
 * @param {Shape | string} tree
 * @returns {string}
 */
export function printed(tree) {
  if (typeof tree === "string") return escaped(tree);
  const { tag, attributes, children } = tree;
  const named = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(String(rounded(value)))}"`);
  return `<${tag}${named.join("")}>${children.map(printed).join("")}</${tag}>`;
}

/** @param {string | number} value */
const rounded = (value) => (typeof value === "number" ? Math.round(value * 10) / 10 : value);

/** @param {string} text */
const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
