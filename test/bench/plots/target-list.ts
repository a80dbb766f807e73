// Every target with its measurement, in two columns. A missed target must stand out at first sight.
import type { Results } from "../results.ts";
import { type Block, dot, fitted, ink, line, margin, moved, pageWidth, text } from "./canvas.ts";

const gap = 44;
const columnWidth = (pageWidth - 2 * margin - gap) / 2;
const rowStep = 23;

export function targetList({ targets }: Results): Block {
  const each = Math.ceil(targets.length / 2);
  const columns = [targets.slice(0, each), targets.slice(each)];
  const svg = columns.map((rows, column) => {
    const drawn = rows.map(({ what, measured, bound, holds }, index) => {
      const y = index * rowStep;
      const colour = holds ? ink.good : ink.bad;
      return [
        dot(6, y + 9, 4.5, colour, !holds),
        text(20, y + 13, fitted(what, 60), { colour: ink.strong }),
        text(columnWidth - 96, y + 13, measured, { anchor: "end", weight: 600, colour }),
        text(columnWidth, y + 13, bound, { anchor: "end", colour: ink.faint }),
        line(0, y + rowStep - 3, columnWidth, y + rowStep - 3, ink.line, 0.7),
      ].join("");
    });
    return moved(column * (columnWidth + gap), 0, drawn.join(""));
  });
  return { svg: svg.join(""), height: each * rowStep };
}
