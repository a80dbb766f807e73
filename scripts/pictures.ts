// `npm run pictures`: draws every chart in machines/ anew, as Markdown that GitHub renders and as SVG. A test fails
// when a picture and its machine differ (test/pictures.test.ts).
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawAll } from "./pictures/draw.ts";

const directory = fileURLToPath(new URL("../visualizations/", import.meta.url));
mkdirSync(directory, { recursive: true });
for (const [name, content] of await drawAll()) {
  writeFileSync(`${directory}${name}`, content);
  process.stdout.write(`visualizations/${name}\n`);
}
