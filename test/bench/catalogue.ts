// Every workload, in the order in which they run.
import type { Scale, Workload } from "./workload.ts";
import { broadcast } from "./workloads/broadcast.ts";
import { connect } from "./workloads/connect.ts";
import { conversationsOfTen } from "./workloads/conversations.ts";
import { fanOuts } from "./workloads/fan-out.ts";
import { idle } from "./workloads/idle.ts";
import { lateJoin } from "./workloads/late-join.ts";
import { mixed } from "./workloads/mixed.ts";
import { oneStream } from "./workloads/one-stream.ts";
import { requestReply } from "./workloads/request-reply.ts";
import { resumeStorm } from "./workloads/resume-storm.ts";
import { selfTest } from "./workloads/self-test.ts";
import { stalled } from "./workloads/stalled.ts";
import { surfaceUpdates } from "./workloads/surface-updates.ts";

export const catalogue = (scale: Scale): Workload[] => [
  selfTest(scale),
  connect(scale),
  requestReply(scale),
  oneStream(scale),
  ...fanOuts(scale),
  conversationsOfTen(scale),
  broadcast(scale),
  surfaceUpdates(scale),
  lateJoin(scale),
  resumeStorm(scale),
  idle(scale),
  mixed(scale),
  stalled(scale),
];
