// The latencies of each part and lane: p50 (dot), p99 (ring) and p99.9 (end of the line), on one logarithmic scale.
import { measuredOf, type Results } from "../results.ts";
import type { Measured } from "../workload.ts";
import { type Block, colourOf, dot, fitted, ink, line, margin, pageWidth, text } from "./canvas.ts";

const width = pageWidth - 2 * margin;
const labelWidth = 330;
const laneStep = 9;
const rowGap = 15;
const headHeight = 30;
const labelHeight = 18;
/** Differences below this come from clocks and event loops, not from the servers. */
const leastMs = 0.01;

interface Row {
  title: string;
  part: string;
  measured: Measured;
  lanes: string[];
}

export function latencyChart(results: Results): Block {
  const rows = results.workloads
    .filter(({ name }) => name !== "self-test")
    .flatMap((workload): Row[] => {
      const measured = measuredOf(workload);
      return workload.parts.map((part) => {
        const lanes = workload.lanes.filter((lane) => Number.isFinite(measured.median(part, lane, "p50Ms")));
        return { title: workload.title, part, measured, lanes };
      });
    })
    .filter(({ lanes }) => lanes.length > 0);
  const most = Math.max(
    1,
    ...rows.flatMap(({ measured, part, lanes }) => lanes.map((lane) => measured.median(part, lane, "p999Ms"))),
  );
  const decades = Math.ceil(Math.log10(most / leastMs));
  const room = width - labelWidth - 20;
  const xOf = (ms: number): number => labelWidth + (Math.log10(Math.max(ms, leastMs) / leastMs) / decades) * room;
  let y = headHeight;
  const drawn = rows.map((row) => {
    const svg = rowSvg(row, y, xOf);
    y += Math.max(row.lanes.length * laneStep, labelHeight) + rowGap;
    return svg;
  });
  const marks = Array.from({ length: decades + 1 }, (_, decade) => leastMs * 10 ** decade);
  const axis = marks.map((ms) =>
    [
      line(xOf(ms), headHeight - 12, xOf(ms), y - rowGap + 4, ink.line),
      text(xOf(ms), headHeight - 18, ms >= 1_000 ? `${ms / 1_000} s` : `${Number(ms.toPrecision(1))} ms`, {
        size: 11,
        colour: ink.faint,
        anchor: "middle",
      }),
    ].join(""),
  );
  return { svg: axis.join("") + drawn.join(""), height: y };
}

function rowSvg({ title, part, measured, lanes }: Row, top: number, xOf: (ms: number) => number): string {
  const middle = top + ((lanes.length - 1) * laneStep) / 2;
  const words = [
    text(labelWidth - 18, middle, fitted(title, 46), { anchor: "end", weight: 600, colour: ink.strong }),
    text(labelWidth - 18, middle + 14, fitted(part, 55), { anchor: "end", size: 11, colour: ink.faint }),
  ];
  const drawn = lanes.map((lane, index) => {
    const y = top + index * laneStep;
    const colour = colourOf(lane);
    const [p50, p99, p999] = (["p50Ms", "p99Ms", "p999Ms"] as const).map((metric) =>
      xOf(measured.median(part, lane, metric)),
    );
    if (p50 === undefined || p99 === undefined || p999 === undefined) return "";
    return line(p50, y, p999, y, colour, 2) + dot(p99, y, 2.8, colour, true) + dot(p50, y, 3.2, colour);
  });
  return words.join("") + drawn.join("");
}
