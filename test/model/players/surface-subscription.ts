// Plays the models of a surface subscription: two steered peers and a provider that answers when the player says so.
// After every step, each peer must have received exactly the expected surfaces, updates and error reasons, in order.
import * as assert from "uvu/assert";
import type { Message } from "../../support/client/transcript.ts";
import { limits } from "../../support/limits.ts";
import { ScriptedSurface } from "../../support/scripted-surfaces.ts";
import type { Coverage } from "../coverage.ts";
import type { Implementation } from "../play.ts";
import { comesTo, rest } from "./soon.ts";
import { onStage, type Socket, type Stage } from "./stage.ts";

interface Looker {
  socket: Socket;
  isLooking: boolean;
  /** How many of its subscribe requests have not been answered with a whole surface. */
  awaiting: number;
  /** The number of the newest spec that it has received in this subscription; 0 for none. */
  seen: number;
  /** All that it should have received, as `surface 1`, `update 2`, `error <reason>`. */
  due: string[];
}

type At = "none" | "loading" | "loadingAnew" | "current" | "refreshing" | "refreshingAnew" | "failed" | "owing";

interface Fixture {
  stage: Stage;
  provider: ScriptedSurface;
  viewer: Looker;
  other: Looker;
  /** The state of the surface after the last step. */
  at: At;
  /** The number of the newest good spec. */
  shown: number;
  /** How often the server should have asked the provider. */
  asked: number;
}

const surfaceId = "s";

/** What a peer has received of the surface, in the format of `due`. */
function sent(messages: readonly Message[]): string[] {
  return messages.flatMap((message) => {
    if (message.type === "surface") return [`surface ${payloadOf(message["spec"])}`];
    if (message.type === "update") return [`update ${payloadOf(Reflect.get(Object(message["update"]), "spec"))}`];
    return message.type === "error" ? [`error ${String(message["message"])}`] : [];
  });
}

function payloadOf(spec: unknown): string {
  const fields: unknown = Reflect.get(Object(spec), "fields");
  return Array.isArray(fields) ? String(fields[0]?.payload) : "none";
}

const lookers = ({ viewer, other }: Fixture): Looker[] => [viewer, other].filter(({ isLooking }) => isLooking);

/** The provider's newest question. Earlier ones are out of date. */
function question({ provider }: Fixture) {
  const newest = provider.questions.at(-1);
  if (!newest) throw new Error("the provider was never asked");
  return newest;
}

const isAskedWhen = (fixture: Fixture, ...places: At[]): void => {
  if (places.includes(fixture.at)) fixture.asked++;
};

async function looks(fixture: Fixture, looker: Looker, announces: boolean): Promise<void> {
  looker.isLooking = true;
  looker.awaiting++;
  looker.socket.peer.send({ type: "subscribe", surfaceId });
  await looker.socket.peer.barrier();
  isAskedWhen(fixture, "none", "failed", "owing");
  if (!announces) isAskedWhen(fixture, "current");
  else if (fixture.at === "current") isShownTo(fixture, looker);
}

/** Unsubscribes. When no subscriber is left, the provider still answers, and no peer may receive that answer. */
async function leaves(fixture: Fixture, looker: Looker): Promise<void> {
  looker.socket.peer.send({ type: "unsubscribe", surfaceId });
  await looker.socket.peer.barrier();
  looker.isLooking = false;
  looker.awaiting = 0;
  looker.seen = 0;
  if (lookers(fixture).length > 0) return;
  await rest();
  question(fixture).resolve(fixture.provider.spec("for nobody"));
  await rest();
}

/** Every subscriber should receive an error with this reason. */
function isTold(fixture: Fixture, reason: string): void {
  for (const looker of lookers(fixture)) looker.due.push(`error ${reason}`);
}

/** A subscriber should receive the newest spec: a whole surface per open request, else an update of an older spec. */
function isShownTo({ shown }: Fixture, looker: Looker): void {
  const isOwed = looker.awaiting > 0;
  for (; looker.awaiting > 0; looker.awaiting--) looker.due.push(`surface ${shown}`);
  if (!isOwed && looker.seen < shown) looker.due.push(`update ${shown}`);
  looker.seen = shown;
}

async function isServed({ socket, due, isLooking }: Looker): Promise<void> {
  await socket.peer.barrier();
  await comesTo(() => sent(socket.peer.received), due, "what the socket was sent of the surface");
  await comesTo(() => socket.value, { open: { flow: "flowing", chatTurn: "quiet" } }, "the connection");
  assert.is(socket.entry.surfaceWatches.size, isLooking ? 1 : 0);
}

export function surfaceSubscriptionPlayer(
  coverage: Coverage,
  { announces }: { announces: boolean },
): Implementation<Fixture> {
  const isIn = (at: At, value?: unknown) => async (fixture: Fixture) => {
    fixture.at = at;
    await comesTo(() => fixture.stage.actors("surface"), value === undefined ? [] : [value], "the surface");
    const subscriptions = announces && value !== undefined ? 1 : 0;
    assert.is(fixture.provider.subscriptions, subscriptions, "subscriptions at the provider");
    assert.is(fixture.provider.asked.length, fixture.asked, "the provider is asked once per change");
  };
  return {
    inFixture: (run) => {
      const provider = new ScriptedSurface(surfaceId, { announces });
      provider.answersLater = true;
      return onStage(coverage, [provider], async (stage) => {
        const looker = async (): Promise<Looker> => {
          return { socket: await stage.connect(), isLooking: false, awaiting: 0, seen: 0, due: [] };
        };
        const fixture = { stage, provider, viewer: await looker(), other: await looker() };
        await run({ ...fixture, at: "none", shown: 0, asked: 0 });
      });
    },

    states: {
      "viewer.away": ({ viewer }) => isServed(viewer),
      "viewer.looking": ({ viewer }) => isServed(viewer),
      "other.away": ({ other }) => isServed(other),
      "other.looking": ({ other }) => isServed(other),
      "surface.none": isIn("none"),
      "surface.known.loading": isIn("loading", { loading: "inTime" }),
      "surface.known.loadingAnew": isIn("loadingAnew", { loading: "outdated" }),
      "surface.known.current": isIn("current", "current"),
      "surface.known.refreshing": isIn("refreshing", { refreshing: "inTime" }),
      "surface.known.refreshingAnew": isIn("refreshingAnew", { refreshing: "outdated" }),
      "surface.known.failed": isIn("failed", "failed"),
      "surface.known.owing": isIn("owing", "failed"),
    },

    events: {
      "viewer.subscribes": (fixture) => looks(fixture, fixture.viewer, announces),
      "viewer.leaves": (fixture) => leaves(fixture, fixture.viewer),
      "other.subscribes": (fixture) => looks(fixture, fixture.other, announces),
      "other.leaves": (fixture) => leaves(fixture, fixture.other),
      "surface.changes": async (fixture) => {
        const { provider, viewer } = fixture;
        if (announces) provider.change("in the next answer");
        else {
          viewer.socket.peer.send({ type: "invoke", surfaceId, actionId: "change" });
          await viewer.socket.peer.barrier();
        }
        isAskedWhen(fixture, "current", "failed", "owing");
      },
      "provider.answers": (fixture) => {
        fixture.shown++;
        question(fixture).resolve(fixture.provider.spec(fixture.shown));
        for (const looker of lookers(fixture)) isShownTo(fixture, looker);
        isAskedWhen(fixture, "loadingAnew", "refreshingAnew");
      },
      "provider.fails": (fixture) => {
        const reason = `the provider has failed ${fixture.asked}`;
        question(fixture).reject(new Error(reason));
        // In `owing` the question has timed out, and the subscribers have already received that error.
        if (fixture.at !== "owing") isTold(fixture, reason);
        isAskedWhen(fixture, "loadingAnew", "refreshingAnew");
      },
      "provider.isLate": async (fixture) => {
        const late = question(fixture);
        for (const { socket } of [fixture.viewer, fixture.other]) await socket.peer.barrier();
        fixture.stage.clock.leap(limits.surfaceAnswerMs + 1);
        isTold(fixture, `${surfaceId} did not answer within ${limits.surfaceAnswerMs / 1_000} s`);
        isAskedWhen(fixture, "loadingAnew", "refreshingAnew");
        await comesTo(() => fixture.provider.asked.length, fixture.asked, "how often the provider is asked");
        if (fixture.at === "loading" || fixture.at === "refreshing") return;
        // The provider has been asked again, so its answer to the old question is out of date.
        late.resolve(fixture.provider.spec("out of date"));
        await rest();
      },
    },
  };
}
