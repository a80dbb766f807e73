// Actors that share their initial snapshot. Each must behave as if it had computed its initial state itself.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assign, createActor, setup } from "xstate";
import { connectionMachine } from "../../machines/connection.ts";
import { surfaceMachine } from "../../machines/surface.ts";
import { watchMachine } from "../../machines/watch.ts";
import { shareInitialSnapshot } from "../../src/runtime/shared-snapshot.ts";

const test = suite("shared start");

const watchInput = (instance: number) => ({ connectionId: "k", conversationId: "c", instance });

test("each actor has its own context and its own state", () => {
  const logic = shareInitialSnapshot(connectionMachine, { connectionId: "" });
  const [one, two] = ["one", "two"].map((connectionId) => createActor(logic, { input: { connectionId } }).start());
  one?.send({ type: "socket.congested" });
  const flow = (actor: typeof one) => actor?.getSnapshot().value;
  assert.equal(flow(one), { open: { flow: "congested", chatTurn: "quiet" } });
  assert.equal(flow(two), { open: { flow: "flowing", chatTurn: "quiet" } });
  assert.equal(
    [one, two].map((actor) => actor?.getSnapshot().context.connectionId),
    ["one", "two"],
  );
  assert.is(
    createActor(logic, { input: { connectionId: "three" } })
      .getSnapshot()
      .matches("open"),
    true,
  );
});

test("the entry actions of the initial states run for each actor at its start, with its own context", () => {
  const asked: number[] = [];
  const machine = watchMachine.provide({
    actions: { askAdmission: ({ context }) => void asked.push(context.instance) },
  });
  const logic = shareInitialSnapshot(machine, watchInput(0));
  const actors = [1, 2, 3].map((instance) => createActor(logic, { input: watchInput(instance) }));
  assert.equal(asked, []);
  for (const actor of actors) actor.start();
  assert.equal(asked, [1, 2, 3]);
});

test("it accepts the same events as the machine itself, and ends in the same way", () => {
  const paths: Parameters<ReturnType<typeof createActor<typeof watchMachine>>["send"]>[0]["type"][] = [
    "watch.admitted",
    "cursor.reachedEnd",
    "cursor.fellBehind",
    "cursor.reachedEnd",
    "socket.congested",
    "socket.drained",
    "watch.leave",
  ];
  const [shared, own] = [shareInitialSnapshot(watchMachine, watchInput(0)), watchMachine].map((logic) => {
    const actor = createActor(logic, { input: watchInput(1) }).start();
    return paths.map((type) => {
      actor.send({ type });
      const { value, status } = actor.getSnapshot();
      return { value, status };
    });
  });
  assert.equal(shared, own);
  assert.is(own?.at(-1)?.status, "done");
});

test("a machine that delays, ends or spawns at its start is refused", () => {
  const surface = { surfaceId: "s", conversationId: undefined, instance: 0 };
  assert.throws(
    () => shareInitialSnapshot(surfaceMachine, surface),
    /surface: it spawns, invokes, delays or ends at its start/,
  );
  const ended = setup({}).createMachine({
    id: "ended",
    context: () => ({}),
    initial: "a",
    states: { a: { type: "final" } },
  });
  assert.throws(() => shareInitialSnapshot(ended, undefined), /ended: it spawns/);
  const assigns = setup({ types: { context: {} as { count: number } } }).createMachine({
    id: "assigns",
    context: () => ({ count: 0 }),
    entry: assign({ count: 1 }),
  });
  assert.throws(() => shareInitialSnapshot(assigns, undefined), /assigns: it assigns context at its start/);
  const fixed = setup({}).createMachine({ id: "fixed", context: {}, initial: "a", states: { a: {} } });
  assert.throws(() => shareInitialSnapshot(fixed, undefined), /fixed: its context must be a function of its input/);
});

test.run();
