// Takes the guide's screenshots of the inspector, docs/inspect.png and docs/inspect-conversation.png:
// node test/support/inspect-picture.ts [DIRECTORY]
// It shows the real server. With a directory, it also saves screenshots of the page in other sizes and colours there.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { type Browser, startBrowser } from "./chromium.ts";
import { findChromium } from "./find-chromium.ts";
import { sceneConversation, stageScene, startInspectFixture } from "./inspect-fixture.ts";

const fileOf = (name: string): string => fileURLToPath(new URL(`../../docs/${name}.png`, import.meta.url));
const [directory] = process.argv.slice(2);

const executable = findChromium();
if (executable === undefined) throw new Error("no Chromium was found: install one, or name it in CHROMIUM");
const fixture = await startInspectFixture();
const browsers: Browser[] = [];
const open = async (options: Parameters<typeof startBrowser>[1]): Promise<Page> => {
  const browser = await startBrowser(executable, { deviceScaleFactor: 2, ...options });
  browsers.push(browser);
  return await browser.open(fixture.url);
};

/** Lists only the connections and opens one of them. */
async function look(page: Page, id: string): Promise<void> {
  await page.locator("#find-chart option[value=connection]").waitFor({ state: "attached" });
  await page.selectOption("#find-chart", "connection");
  await page.locator(`.actors a[href*="${encodeURIComponent(id)}"]`).click();
  await page.locator("#chart .lit").first().waitFor({ state: "attached" });
  // Nothing may be in its hover state.
  await page.mouse.move(0, 0);
}

const screens = {
  wide: { width: 1600, height: 1060 },
  laptop: { width: 1280, height: 800 },
  lens: { width: 1600, height: 800 },
};

try {
  const wide = await open({ viewport: screens.wide });
  const lens = await open({ viewport: screens.lens });
  const isThorough = directory !== undefined;
  const dark = isThorough && (await open({ viewport: screens.wide, colorScheme: "dark" }));
  const laptop = isThorough && (await open({ viewport: screens.laptop }));
  const phone = isThorough && (await open({ viewport: { width: 390, height: 844 } }));
  const shoot = async (page: Page | false, name: string, fullPage = false): Promise<void> => {
    if (page) await page.screenshot({ path: join(directory ?? "", `inspect-${name}.png`), fullPage });
  };
  const scene = await stageScene(fixture, async (congested) => {
    await look(wide, congested);
    await lens.goto(`${fixture.url}#/c/${sceneConversation}`);
    await lens.locator(".lane-kind").first().waitFor();
    await shoot(laptop, "home");
    await shoot(phone, "phone-home", true);
  });
  await wide.locator(".actor .chip.bad").first().waitFor();
  await wide.locator("#chart .lit.warn").first().waitFor({ state: "attached" });
  await wide.screenshot({ path: fileOf("inspect") });
  await lens.screenshot({ path: fileOf("inspect-conversation") });
  await Promise.all([
    laptop && look(laptop, scene.closing).then(() => shoot(laptop, "laptop")),
    phone && look(phone, scene.closing).then(() => shoot(phone, "phone", true)),
    dark && look(dark, scene.midTurn).then(() => shoot(dark, "dark")),
  ]);
  for (const { defects } of browsers) if (defects.length > 0) throw new Error(defects.join("\n"));
} finally {
  for (const browser of browsers) await browser.close();
  await fixture.end();
}
