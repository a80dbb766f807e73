// Draws the page of plots as one SVG, from a run's JSON alone.
import { type Block, box, colourOf, ink, line, margin, moved, pageWidth, text, titleOf } from "./plots/canvas.ts";
import { costPanels } from "./plots/cost-panels.ts";
import { latencyChart } from "./plots/latency-chart.ts";
import { targetList } from "./plots/target-list.ts";
import type { Results } from "./results.ts";

const font = "ui-sans-serif, system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

export function plots(results: Results): string {
  const sections: Block[] = [head(results)];
  const held = results.targets.filter(({ holds }) => holds).length;
  if (results.targets.length > 0)
    sections.push(
      titled(
        `Targets: ${held} of ${results.targets.length} hold`,
        "measured, and its bound; a ring is a miss",
        targetList(results),
      ),
    );
  sections.push(
    titled(
      "What it costs",
      "the server's CPU, or memory; shorter is better; × is against turnwire",
      costPanels(results),
    ),
    titled("How late it comes", "dot p50, ring p99, end of the line p99.9", latencyChart(results)),
    foot(results),
  );
  let y = margin;
  const drawn = sections.map(({ svg, height }) => {
    const placed = moved(margin, y, svg);
    y += height + margin;
    return placed;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${pageWidth}" height="${Math.ceil(y)}"`,
    ` viewBox="0 0 ${pageWidth} ${Math.ceil(y)}" font-family="${font}" role="img" aria-label="turnwire bench">`,
    box(0, 0, pageWidth, y, "#ffffff"),
    ...drawn,
    "</svg>\n",
  ].join("");
}

function head({ madeAt, quick, workloads }: Results): Block {
  const seen = new Set(workloads.flatMap(({ lanes }) => lanes));
  let x = 0;
  const legend = (["turnwire", "plain-ws", "socket-io", "bun"] as const)
    .filter((name) => seen.has(name))
    .map((name) => {
      const svg = box(x, 62, 13, 13, colourOf(name), 3) + text(x + 20, 73, titleOf(name), { size: 13 });
      x += 46 + titleOf(name).length * 7.5;
      return svg;
    });
  const when = `${madeAt.slice(0, 10)}${quick ? ", a quick run: smaller numbers, more noise" : ""}`;
  return {
    svg: [
      text(0, 22, "turnwire bench", { size: 26, weight: 700, colour: ink.strong }),
      text(0, 44, `Medians of interleaved repetitions in one run, ${when}`, { size: 13, colour: ink.faint }),
      ...legend,
    ].join(""),
    height: 78,
  };
}

function titled(title: string, explanation: string, { svg, height }: Block): Block {
  const words =
    text(0, 18, title, { size: 18, weight: 650, colour: ink.strong }) +
    text(pageWidth - 2 * margin, 18, explanation, { size: 12, colour: ink.faint, anchor: "end" });
  const rule = line(0, 30, pageWidth - 2 * margin, 30, ink.line);
  return { svg: words + rule + moved(0, 50, svg), height: height + 50 };
}

function foot({ conditions }: Results): Block {
  const words = conditions.map((sentence, index) =>
    text(0, index * 17 + 10, sentence, { size: 11, colour: ink.faint }),
  );
  return { svg: words.join(""), height: conditions.length * 17 };
}
