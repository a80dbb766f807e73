// Loads a chart with one fault seeded into its source (`node --import`, MUTANT=name). The tests then run the whole
// product with that chart, and no file is changed.
import { registerHooks } from "node:module";
import { mutants } from "./mutants.ts";

const mutant = mutants.find(({ name }) => name === process.env["MUTANT"]);
if (!mutant) throw new Error(`MUTANT must name one of: ${mutants.map(({ name }) => name).join("; ")}`);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/machines/${mutant.chart}.ts`)) return loaded;
    return { ...loaded, source: mutant.seed(String(loaded.source)) };
  },
});
