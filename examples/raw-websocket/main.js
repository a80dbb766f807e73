// A first conversation, message by message. A client needs nothing but a WebSocket: every message is one JSON object,
// told apart by its type.
import { serveConfig, startServer } from "turnwire";

const config = serveConfig(["--no-token", "--port", "0", "--http-port", "0", "--data-dir", ":memory:"]);
const server = await startServer({ config });

const socket = new WebSocket(server.wsUrl);
socket.onopen = () => {
  const request = JSON.stringify({ type: "chat.send", conversationId: "c1", message: "tell me more" });
  console.log(`→ ${request}`);
  socket.send(request);
};
socket.onmessage = ({ data }) => {
  console.log(`  ${data}`);
  const { type, event } = JSON.parse(data);
  if (type === "chat.delta" && event.type === "turn-sealed") socket.close();
};
socket.onclose = () => server.stop();
