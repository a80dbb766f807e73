// A surface of your own: a small piece of UI that the server declares, for any client to draw. A provider builds its
// spec, runs its actions, and calls back when the spec has changed; everybody who is subscribed then gets the new one.
import { EventEmitter } from "node:events";
import { serveConfig, startServer } from "turnwire";

const changes = new EventEmitter();
let rings = 0;

/** @type {import("turnwire").SurfaceProvider} */
const doorbell = {
  catalogEntry: { id: "doorbell", region: "status", title: "Doorbell" },
  getSpec: () => ({
    ...doorbell.catalogEntry,
    fields: [
      { kind: "stat", label: "Rings", value: String(rings) },
      { kind: "button", label: "Ring", action: { actionId: "ring" } },
    ],
  }),
  invoke() {
    rings += 1;
    changes.emit("change");
  },
  subscribe(onChange) {
    changes.on("change", onChange);
    return () => changes.off("change", onChange);
  },
};

const config = serveConfig(["--no-token", "--port", "0", "--http-port", "0", "--data-dir", ":memory:"]);
const server = await startServer({ config, surfaces: [doorbell] });

const socket = new WebSocket(server.wsUrl);
socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", surfaceId: "doorbell" }));
socket.onmessage = ({ data }) => {
  console.log(data);
  const { type } = JSON.parse(data);
  if (type === "surface") socket.send(JSON.stringify({ type: "invoke", surfaceId: "doorbell", actionId: "ring" }));
  if (type === "update") socket.close();
};
socket.onclose = () => server.stop();
