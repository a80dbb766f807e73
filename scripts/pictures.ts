// `npm run pictures`: draws every chart in machines/ as Mermaid in Markdown and as SVG, and prints the generated tables
// of documents. A test fails when one of them is out of date (test/pictures.test.ts).
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { printDocuments } from "./pictures/documents.ts";
import { drawAll } from "./pictures/draw.ts";

const directory = fileURLToPath(new URL("../visualizations/", import.meta.url));
mkdirSync(directory, { recursive: true });
for (const [name, content] of await drawAll()) {
  writeFileSync(`${directory}${name}`, content);
  process.stdout.write(`visualizations/${name}\n`);
}
for (const [path, text] of printDocuments()) {
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
  process.stdout.write(`${path}\n`);
}
