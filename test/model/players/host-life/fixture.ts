// The fixture for one path of a host's life: an agent host as the extension sees it, with scripted parts behind its
// ports, and the gateways that the extension makes, captured when they begin to listen or stop.
import type { Server } from "node:net";
import * as assert from "uvu/assert";
import { Gateway } from "../../../../src/gateway/gateway.ts";
import type { SurfaceRegistry } from "../../../../src/ports/surfaces.ts";
import { createTransportWsExtension, type Extension } from "../../../../src/server/host-extension.ts";
import { createSurfaceRegistry } from "../../../../src/surfaces/surface-registry.ts";
import type { Client } from "../../../support/client.ts";
import { within } from "../../../support/deadline.ts";
import { FakeHost } from "../../../support/host.ts";
import { limits } from "../../../support/limits.ts";
import { ScriptedOrchestrator } from "../../../support/scripted-orchestrator.ts";
import type { Coverage } from "../../coverage.ts";
import { LeapingClock } from "../leaping-clock.ts";

export interface Fixture {
  host: FakeHost;
  extension: Extension;
  clock: LeapingClock;
  orchestrator: ScriptedOrchestrator;
  registry: SurfaceRegistry & { listeners: number };
  guest: Client | undefined;
  /** The gateways that were made, the newest last. */
  gateways: Gateway[];
  /** The state of the newest gateway's root while the extension is inactive; undefined when there is no gateway. */
  afterwards: "stopped" | undefined;
  /** The server that occupies the port in the host's settings. */
  squatter: Server | undefined;
  isObstructed: boolean;
  surfaces: number;
}

export const services = {
  orchestrator: "session-orchestrator/orchestrator",
  registry: "surface-registry/registry",
} as const;

/** The real registry, with a count of its listeners. */
function countingRegistry(): Fixture["registry"] {
  const { register, getCatalog, getSurface, subscribe } = createSurfaceRegistry();
  const registry: Fixture["registry"] = {
    listeners: 0,
    register,
    getCatalog,
    getSurface,
    subscribe(onChange) {
      const off = subscribe?.(onChange);
      registry.listeners++;
      return () => {
        registry.listeners--;
        off?.();
      };
    },
  };
  return registry;
}

export async function inFixture(coverage: Coverage, run: (fixture: Fixture) => Promise<void>): Promise<void> {
  const host = new FakeHost();
  const clock = new LeapingClock();
  const orchestrator = new ScriptedOrchestrator();
  const registry = countingRegistry();
  host.services.set(services.orchestrator, orchestrator);
  host.services.set(services.registry, registry);
  const fixture: Fixture = {
    host,
    extension: createTransportWsExtension({ clock, limits }),
    clock,
    orchestrator,
    registry,
    guest: undefined,
    gateways: [],
    afterwards: undefined,
    squatter: undefined,
    isObstructed: false,
    surfaces: 0,
  };
  const leave = meetGateways((gateway) => {
    if (fixture.gateways.includes(gateway)) return;
    fixture.gateways.push(gateway);
    coverage.attach(gateway.root.system);
  });
  try {
    await run(fixture);
  } finally {
    fixture.guest?.kill();
    await within(fixture.extension.deactivate(), "the extension to be deactivated");
    fixture.squatter?.close();
    leave();
  }
  const defects = host.lines.filter((line) => line.level === "error");
  assert.equal(defects, [], "the defects logged");
}

/** The extension hides its gateway, so this captures it when it begins to listen, or stops because it cannot. */
function meetGateways(meet: (gateway: Gateway) => void): () => void {
  const { listening, stop } = Gateway.prototype;
  Gateway.prototype.listening = function (this: Gateway) {
    meet(this);
    listening.call(this);
  };
  Gateway.prototype.stop = function (this: Gateway) {
    meet(this);
    stop.call(this);
  };
  return () => Object.assign(Gateway.prototype, { listening, stop });
}
