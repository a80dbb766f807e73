// Takes the README's screenshot of the page, docs/page.png: node test/support/picture.ts
// It shows the real server; the model's answers come from the scripted endpoint of the tests.
import { fileURLToPath } from "node:url";
import { startBrowser } from "./chromium.ts";
import { findChromium } from "./find-chromium.ts";
import { answer, callTools, openAiEndpoint, type Part } from "./openai-endpoint.ts";
import { Person } from "./page-person.ts";
import { startPageServer } from "./page-server.ts";

const picture = fileURLToPath(new URL("../../docs/page.png", import.meta.url));

const earlier = ["Plan a week of dinners for four", "Why is the sky dark at night?", "Rename these files by date"];
const question = "I have 3 hours 20 minutes of battery at 48 W. How long at 31 W?";

const thoughts = "Capacity is power times time, so first the energy in watt-hours, then divide by the new load.";
const explanation = `About **5 hours 10 minutes**. The energy in the battery stays the same, only the load changes:

1. Energy: \`48 W × 3.33 h\` is 160 Wh.
2. At the lower load: \`160 Wh ÷ 31 W\` is 5.16 h.

\`\`\`js
const hours = (48 * (3 + 20 / 60)) / 31; // 5.16
\`\`\`

In practice a little less: a battery gives up its last few percent grudgingly. Count on`;

const inWords = (text: string): Part[] =>
  (text.match(/\S+\s*/g) ?? []).flatMap((word) => [{ text: word }, { delayMs: 8 }]);

const executable = findChromium();
if (executable === undefined) throw new Error("no Chromium was found: install one, or name it in CHROMIUM");
const endpoint = await openAiEndpoint();
const environment = { TURNWIRE_BASE_URL: endpoint.baseUrl, TURNWIRE_MODEL: "example" };
const server = await startPageServer({ environment });
const browser = await startBrowser(executable, { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 });
try {
  const person = await new Person(await browser.open(server.url)).isLive();
  for (const text of earlier) {
    await person.page.click("#new");
    await person.says(text);
    await person.sees(".answer", "Hello.");
    await person.seesTheEnd();
  }
  await person.page.click("#new");
  endpoint.reply(
    callTools({ name: "calculator", arguments: { expression: "48 * (3 + 20 / 60) / 31" } }),
    { stream: [{ reasoning: thoughts }, { delayMs: 50 }, ...inWords(explanation), { hang: true }] },
    answer("Yes."),
  );
  await person.says(question);
  await person.sees(".answer", "Count on");
  await person.says("And with the screen off?");
  await person.sees(".queue-text", "screen off");
  await person.page.screenshot({ path: picture });
} finally {
  await browser.close();
  await server.stop("SIGKILL");
  await endpoint.close();
}
