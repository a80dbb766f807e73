// The promises of protocol 1.5 as checks on a view. Each check returns what is wrong, or undefined. The exploration and
// the random histories share this list. A check must never look at anything but the view.
import { follow, words } from "./invariants/following.ts";
import { numbersFit, repliesFit, seenBy } from "./invariants/numbers.ts";
import { endsOfTurns, textsComeOut, turnsInOrder } from "./invariants/turns.ts";
import type { ConversationView, SocketView, View, WatchView } from "./view.ts";

export interface Invariant {
  /** The promise, in words. */
  name: string;
  /** The protocol sections that make the promise. */
  clause: string;
  /** What is wrong, in a sentence; undefined when the promise holds. */
  check(view: View): string | undefined;
}

/** The first problem that `ask` finds in the items. */
function first<Item>(items: Iterable<Item>, ask: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = ask(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const everySocket =
  (ask: (socket: SocketView, view: View) => string | undefined) =>
  (view: View): string | undefined =>
    first(view.sockets, (socket) => {
      const problem = ask(socket, view);
      return problem === undefined ? undefined : `${socket.name}: ${problem}`;
    });

const everyWatch = (
  ask: (watch: WatchView, conversation: ConversationView, socket: SocketView, view: View) => string | undefined,
) =>
  everySocket((socket, view) =>
    first(socket.watches, (watch) => {
      const conversation = view.conversations.find(({ id }) => id === watch.conversationId);
      if (!conversation) return `it watches ${watch.conversationId}, which there is not`;
      const problem = ask(watch, conversation, socket, view);
      return problem === undefined ? undefined : `${watch.conversationId}: ${problem}`;
    }),
  );

const everyConversation =
  (ask: (conversation: ConversationView, view: View) => string | undefined) =>
  (view: View): string | undefined =>
    first(view.conversations, (conversation) => {
      const problem = ask(conversation, view);
      return problem === undefined ? undefined : `${conversation.id}: ${problem}`;
    });

/** Must everything that is due to the socket have arrived? */
const isOwed = (socket: SocketView, view: View): boolean => view.atRest && socket.isOpen && socket.isReading;

export const invariants: readonly Invariant[] = [
  {
    name: "a socket sees a conversation's events in the order they were emitted, each once",
    clause: "protocol 1.5.1",
    check: everyWatch((watch, conversation) => {
      const following = follow(conversation, watch);
      return "problem" in following ? following.problem : undefined;
    }),
  },
  {
    name: "who reads gets everything, whatever others do",
    clause: "protocol 1.5.1, 1.5.2",
    check: everyWatch((watch, conversation, socket, view) => {
      if (watch.to !== undefined || !isOwed(socket, view)) return undefined;
      const following = follow(conversation, watch);
      const due = "next" in following ? conversation.emitted[following.next] : undefined;
      return due && `<${words(due)}> never came`;
    }),
  },
  {
    name: "a turn is aborted when somebody stops it, and by nothing else",
    clause: "protocol 1.3, 1.5.2",
    check: everyConversation((conversation, view) => endsOfTurns(conversation, view.atRest)),
  },
  {
    name: "nothing comes that is not owed: nothing after an unsubscribe",
    clause: "protocol 1.5.3",
    check: everySocket(({ strays }) => strays[0] && `${strays[0]} came, and was not owed`),
  },
  {
    name: "the surface comes before its updates, once for each time it was asked for",
    clause: "protocol 1.1, 1.5.4",
    check: everySocket((socket, view) =>
      first(socket.surfaces, ({ key, isWatching, asked, received }) => {
        if (received[0]?.kind === "update") return `${key}: an update came before the surface`;
        const shown = received.filter(({ kind }) => kind === "surface").length;
        if (shown > asked) return `${key}: asked for ${asked} times and shown ${shown} times`;
        const isFailing = view.surfaces.find((surface) => surface.key === key)?.isFailing ?? true;
        if (isWatching && isOwed(socket, view) && !isFailing && shown < asked)
          return `${key}: asked for ${asked} times and shown only ${shown} times`;
        return undefined;
      }),
    ),
  },
  {
    name: "a surface's versions never go back, and the last one sent is the newest",
    clause: "protocol 1.5.4",
    check: everySocket((socket, view) =>
      first(view.surfaces, ({ key, newest, isFailing }) => {
        const subscriptions = socket.surfaces.filter((one) => one.key === key);
        const versions = subscriptions.flatMap(({ received }) => received.map(({ version }) => version));
        const back = versions.findIndex((version, index) => version < (versions[index - 1] ?? version));
        if (back !== -1) return `${key}: version ${versions[back]} came after ${versions[back - 1]}`;
        const last = versions.at(-1);
        if (last !== undefined && last > newest) return `${key}: version ${last} came, and ${newest} is the newest`;
        const watches = subscriptions.at(-1)?.isWatching === true;
        if (watches && isOwed(socket, view) && !isFailing && subscriptions.at(-1)?.received.at(-1)?.version !== newest)
          return `${key}: the newest version ${newest} never came, only ${last}`;
        return undefined;
      }),
    ),
  },
  {
    name: "a broadcast reaches every socket that was open when it was made, and no later one",
    clause: "protocol 1.5.5",
    check: everySocket((socket, view) => {
      const { from, received } = socket.broadcast;
      const wrong = received.findIndex((broadcast, index) => broadcast !== view.broadcast[from + index]);
      if (wrong !== -1) return `${received[wrong]} came, where ${view.broadcast[from + wrong] ?? "nothing"} was due`;
      const due = view.broadcast[from + received.length];
      return due !== undefined && isOwed(socket, view) ? `${due} never came` : undefined;
    }),
  },
  {
    name: "one turn at a time, each with one done and one turn-sealed",
    clause: "protocol 1.3, 1.5.6",
    check: everyConversation(({ emitted }) => turnsInOrder(emitted)),
  },
  {
    name: "a text that was accepted comes out once, in its turn, and none is lost",
    clause: "protocol 1.5.6",
    check: everyConversation((conversation, view) => textsComeOut(conversation, view.atRest)),
  },
  {
    name: "turn events never overtake each other",
    clause: "protocol 1.5.7",
    check: everyWatch((watch, conversation) => turnsInOrder(seenBy(watch, conversation))),
  },
  {
    name: "a refused request gets its refusal, once, and no other does",
    clause: "protocol 1.4",
    check: everySocket((socket, view) => {
      const { owed, received } = socket.refusals;
      const wrong = received.findIndex((refusal, index) => refusal !== owed[index]);
      if (wrong !== -1) return `the refusal ${received[wrong]} came, where ${owed[wrong] ?? "none"} was due`;
      return isOwed(socket, view) && received.length < owed.length
        ? `the refusal ${owed[received.length]} never came`
        : undefined;
    }),
  },
  {
    name: "a request with an id gets its reply, once, and the reply is right",
    clause: "protocol 2, id",
    check: everySocket((socket, view) => socket.replies && repliesFit(socket.replies, isOwed(socket, view))),
  },
  {
    name: "a subscription gets its verdict, and the verdict is true",
    clause: "protocol 2, resume",
    check: everySocket((socket, view) => {
      const { owed = [], wrong = [] } = socket.verdicts ?? {};
      if (wrong[0] !== undefined) return `${wrong[0]} came, and was true at no moment`;
      return owed[0] !== undefined && isOwed(socket, view) ? `the verdict on ${owed[0]} never came` : undefined;
    }),
  },
  {
    name: "an event has one number, whoever gets it, and an epoch counts without a hole",
    clause: "protocol 2, cursor",
    check: everyConversation(numbersFit),
  },
];

/** Everything that is wrong with a view, one line each. */
export function brokenPromises(view: View): string[] {
  return invariants.flatMap(({ name, clause, check }) => {
    const problem = check(view);
    return problem === undefined ? [] : [`${name} (${clause}): ${problem}`];
  });
}
