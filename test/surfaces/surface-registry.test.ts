// The registry of surfaces: it keeps the order of registration, has each id once, and announces every change.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SurfaceProvider } from "../../src/ports/surfaces.ts";
import { createSurfaceRegistry } from "../../src/surfaces/surface-registry.ts";
import { asProvider, ScriptedSurface } from "../support/scripted-surfaces.ts";

const test = suite("surface registry");

const provider = (id: string): SurfaceProvider => asProvider(new ScriptedSurface(id));
const ids = (registry: ReturnType<typeof createSurfaceRegistry>): string[] => registry.getCatalog().map(({ id }) => id);

test("surfaces are found by id, and the catalog is in order of registration", () => {
  const registry = createSurfaceRegistry();
  const [a, b] = [provider("b"), provider("a")];
  registry.register(a);
  registry.register(b);
  assert.equal(registry.getCatalog(), [
    { id: "b", region: "side", title: "The b" },
    { id: "a", region: "side", title: "The a" },
  ]);
  assert.is(registry.getSurface("a"), b);
  for (const id of ["c", "", "__proto__", "constructor"]) assert.is(registry.getSurface(id), undefined);
});

test("a registered id is refused, and is free again after its surface was unregistered", () => {
  const registry = createSurfaceRegistry();
  const leave = registry.register(provider("a"));
  assert.throws(() => registry.register(provider("a")), 'a surface "a" is registered already: unregister it first');
  leave();
  registry.register(provider("a"));
  leave();
  assert.equal(ids(registry), ["a"], "unregistering twice does not remove the successor");
});

test("every change is announced, and nothing else is", () => {
  const registry = createSurfaceRegistry();
  const seen: string[][] = [];
  const leave = registry.subscribe?.(() => seen.push(ids(registry)));
  const unregister = registry.register(provider("a"));
  registry.register(provider("b"));
  unregister();
  unregister();
  assert.equal(seen, [["a"], ["a", "b"], ["b"]]);
  leave?.();
  registry.register(provider("c"));
  assert.is(seen.length, 3);
});

test("a listener may unsubscribe inside its callback", () => {
  const registry = createSurfaceRegistry();
  const heard: string[] = [];
  const leave = registry.subscribe?.(() => {
    heard.push("first");
    leave?.();
  });
  registry.subscribe?.(() => heard.push("second"));
  registry.register(provider("a"));
  registry.register(provider("b"));
  assert.equal(heard, ["first", "second", "second"]);
});

test.run();
