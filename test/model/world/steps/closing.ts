// Why the server may close a socket, and a client that does not answer the close frame in time.
import { breakProtocol, failWatch, tellConnection } from "../connection.ts";
import type { Stage } from "../stage.ts";
import { nameOf, type Step } from "./step.ts";

export function closingSteps(stage: Stage, steps: Step[]): void {
  const { world, setting } = stage;
  const { closings } = setting.bounds;
  for (const [at, socket] of world.sockets.entries()) {
    if (socket.chart === 0) continue;
    const free = (words: string, take: (stage: Stage) => void): void =>
      void steps.push({ words: `${nameOf(at)} ${words}`, kind: "free", take });
    const isToBeTold = (type: string): boolean =>
      !world.signals.some((signal) => signal.to === "connection" && signal.at === at && signal.type === type);
    const find = (type: string, words: string): void => {
      if (isToBeTold(type)) free(words, (on) => on.post("connection", at, type));
    };
    if (socket.isEnded) {
      if (!socket.isCut && closings.length > 0) find("socket.overdue", "does not answer the close frame in time");
      continue;
    }
    for (const closing of closings) {
      if (closing === "stuck" && socket.unread > 0) find("socket.stuck", "has left a mark unanswered for too long");
      if (closing === "silent" && socket.isStalled) find("socket.silent", "has given no sign of life for too long");
      if (closing === "flooding") find("socket.flooding", "keeps asking faster than it may");
      if (closing === "revoked") find("access.ended", "has a token that is taken away");
      if (closing === "asked") free("is closed by the process", (on) => tellConnection(on, at, "connection.close"));
      if (closing === "broken") free("breaks the WebSocket protocol", (on) => breakProtocol(on, at));
      if (closing === "defect" && socket.watch) free("has a watch whose actor fails", (on) => failWatch(on, at));
    }
  }
}
