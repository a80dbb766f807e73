// The cost per unit of work on each server: one small bar chart per part of a workload. Bars start at zero, and each
// chart has its own scale.
import { measuredOf, type Results } from "../results.ts";
import type { Metric } from "../sample.ts";
import { figure } from "../table.ts";
import { type Block, box, colourOf, fitted, ink, margin, moved, pageWidth, text, titleOf } from "./canvas.ts";

const columnsCount = 3;
const gap = 28;
const panelWidth = (pageWidth - 2 * margin - (columnsCount - 1) * gap) / columnsCount;
const labelWidth = 84;
const valueWidth = 124;
const barHeight = 15;
const barStep = 21;
const headHeight = 44;

interface Panel {
  title: string;
  subtitle: string;
  bars: { lane: string; value: number }[];
  unit: string;
}

export function costPanels(results: Results): Block {
  const panels = results.workloads
    .filter(({ name }) => name !== "self-test")
    .flatMap((workload) => {
      const measured = measuredOf(workload);
      const panelOf = (part: string, metric: Metric, unit: string): Panel => ({
        title: workload.title,
        subtitle: `${part} · ${unit}`,
        unit: unit.split(" ")[0] ?? "",
        bars: workload.lanes.map((lane) => ({ lane, value: measured.median(part, lane, metric) })),
      });
      if (workload.name === "idle")
        return workload.parts.map((part) => panelOf(part, "rssPerSocketKb", "KB of RSS a socket"));
      return workload.parts
        .filter(() => workload.lanes.length > 1)
        .map((part) => panelOf(part, "cpuUs", `µs of CPU a ${workload.unit}`));
    });
  const rows = Array.from({ length: Math.ceil(panels.length / columnsCount) }, (_, row) =>
    panels.slice(row * columnsCount, (row + 1) * columnsCount),
  );
  let y = 0;
  const drawn = rows.map((row) => {
    const svg = row.map((panel, column) => moved(column * (panelWidth + gap), y, panelSvg(panel))).join("");
    y += headHeight + Math.max(...row.map(({ bars }) => bars.length)) * barStep + gap;
    return svg;
  });
  return { svg: drawn.join(""), height: y };
}

function panelSvg({ title, subtitle, bars, unit }: Panel): string {
  const room = panelWidth - labelWidth - valueWidth;
  const most = Math.max(...bars.map(({ value }) => value).filter(Number.isFinite));
  const own = bars.find(({ lane }) => lane === "turnwire")?.value ?? Number.NaN;
  const drawn = bars.map(({ lane, value }, index) => {
    const y = headHeight + index * barStep;
    const isOurs = lane.startsWith("turnwire");
    const times = lane === "turnwire" ? "" : `  × ${figure(value / own)}`;
    const width = (value / most) * room;
    return [
      text(labelWidth - 8, y + 12, shortTitle(lane), { anchor: "end", weight: isOurs ? 600 : 400 }),
      box(labelWidth, y, Math.max(1.5, width), barHeight, colourOf(lane), 2),
      text(labelWidth + width + 7, y + 12, `${figure(value)} ${unit}${times}`, {
        size: 11.5,
        weight: isOurs ? 600 : 400,
        colour: isOurs ? ink.strong : ink.normal,
      }),
    ].join("");
  });
  return [
    text(0, 13, fitted(title, 46), { size: 13.5, weight: 600, colour: ink.strong }),
    text(0, 31, fitted(subtitle, 66), { size: 11.5, colour: ink.faint }),
    ...drawn,
  ].join("");
}

/** Shortens "turnwire beside 15,000" for the narrow label column. */
const shortTitle = (lane: string): string => titleOf(lane).replace(/^turnwire beside /, "beside ");
