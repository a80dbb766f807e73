// The extension in a kernel that is strict about manifests: it is loaded, serves a socket and runs a turn.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createTransportWsExtension, type Extension } from "../../../src/server/host-extension.ts";
import { connect } from "../../support/client.ts";
import { portOf } from "../../support/gateway.ts";
import { FakeHost } from "../../support/host.ts";
import { Kernel, manifestFields } from "../../support/kernel.ts";
import { rejection } from "../../support/rejection.ts";
import { ScriptedOrchestrator } from "../../support/scripted-orchestrator.ts";
import { registryOf } from "../../support/scripted-surfaces.ts";

const test = suite("host: kernel");

const present = ["surface-registry", "session-orchestrator"];

function hostWith(orchestrator: ScriptedOrchestrator): FakeHost {
  const host = new FakeHost();
  host.services.set("session-orchestrator/orchestrator", orchestrator);
  host.services.set("surface-registry/registry", registryOf([]));
  return host;
}

test("the manifest has all that a kernel reads, and the version of the package", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  assert.equal(createTransportWsExtension().manifest, {
    id: "transport-ws",
    name: "WebSocket transport",
    version,
    apiVersion: "^0.1.0",
    trust: "bundled",
    dependsOn: ["surface-registry", "session-orchestrator"],
    capabilities: { network: true },
    contributes: { routes: ["/ws/surfaces"] },
    activation: "eager",
  });
});

test("a kernel that checks the manifest starts the extension, which serves a socket and runs a turn", async () => {
  const orchestrator = new ScriptedOrchestrator();
  const host = hostWith(orchestrator);
  const kernel = new Kernel(host, present);
  const extension = createTransportWsExtension();
  await kernel.load(extension);
  assert.equal(kernel.active, [...present, "transport-ws"]);
  try {
    using client = await connect(`ws://127.0.0.1:${portOf(host)}/ws/surfaces`);
    await client.next("catalog");
    client.send({ type: "chat.send", conversationId: "c", message: "hello" });
    await client.barrier();
    orchestrator.say("c", "served");
    orchestrator.end("c");
    await client.nextEvent("c", "turn-sealed");
    assert.is(client.transcript("c").text, "served");
  } finally {
    await extension.deactivate();
  }
});

test("that kernel refuses a manifest without any one of the fields, names the field and starts nothing", async () => {
  const host = hostWith(new ScriptedOrchestrator());
  for (const name of manifestFields) {
    const extension = createTransportWsExtension();
    const manifest = { ...extension.manifest };
    Reflect.deleteProperty(manifest, name);
    const without: Extension = { ...extension, manifest };
    const { message } = await rejection(new Kernel(host, present).load(without));
    assert.match(message, `: ${name} is missing or wrong`);
  }
  assert.equal(host.lines, []);
});

test("that kernel starts the extension only after those that it depends on", async () => {
  const host = hostWith(new ScriptedOrchestrator());
  const { message } = await rejection(new Kernel(host, ["surface-registry"]).load(createTransportWsExtension()));
  assert.is(message, "transport-ws depends on session-orchestrator, which is not active");
  assert.equal(host.lines, []);
});

test.run();
