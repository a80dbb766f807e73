// Draws the soak's samples as a page of plots: one curve per figure, all over the same time.
import { box, ink, line, margin, pageWidth, text } from "../bench/plots/canvas.ts";
import type { SoakReport, SoakSample } from "./play.ts";

const curves: [title: string, read: (sample: SoakSample) => number][] = [
  ["resident memory, MiB", ({ rssMiB }) => rssMiB],
  ["… of which turn logs, MiB (they have a budget)", ({ logMiB }) => logMiB],
  ["heap in use, MiB", ({ heapMiB }) => heapMiB],
  ["open files of the server", ({ handles }) => handles],
  ["sockets", ({ sockets }) => sockets],
  ["database, MiB", ({ fileMiB }) => fileMiB],
  ["ping, p99, ms", ({ pingP99Ms }) => pingP99Ms],
];
const width = pageWidth - 2 * margin;
const height = 110;
const gap = 46;

export function soakPlots({ samples, seed, visits, turns }: SoakReport): string {
  const seconds = samples.at(-1)?.seconds ?? 1;
  const pageHeight = margin * 2 + 30 + curves.length * (height + gap);
  const parts = curves.map(([title, read], index) => {
    const top = margin + 40 + index * (height + gap);
    const values = samples.map(read).filter(Number.isFinite);
    const most = Math.max(1e-9, ...values) * 1.1;
    const points = samples
      .filter((sample) => Number.isFinite(read(sample)))
      .map((sample) => {
        const x = margin + (sample.seconds / seconds) * width;
        return `${x.toFixed(1)},${(top + height - (read(sample) / most) * height).toFixed(1)}`;
      });
    return [
      text(margin, top - 8, title, { weight: 600 }),
      text(margin + width, top - 8, `at most ${Math.max(...values).toFixed(1)}`, { anchor: "end", colour: ink.faint }),
      line(margin, top + height, margin + width, top + height, ink.line),
      `<polyline points="${points.join(" ")}" fill="none" stroke="#0d9488" stroke-width="1.6"/>`,
    ].join("");
  });
  const title = `Soak: ${Math.round(seconds / 60)} minutes, ${visits} visits, ${turns} turns seen, seed ${seed}`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${pageWidth} ${pageHeight}" font-family="sans-serif">` +
    `${box(0, 0, pageWidth, pageHeight, "#ffffff")}${text(margin, margin, title, { size: 18, weight: 700 })}` +
    `${parts.join("")}</svg>\n`
  );
}
