// Loads the visualizer's modules that import modules of the chat page by their path on the server, such as "/http.js".
// Node would look for such a path in the root directory.
import { registerHooks } from "node:module";

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier.startsWith("/") ? new URL(`../../src/page${specifier}`, import.meta.url).href : specifier, context),
});

export const { createApi } = await import("../../visualizations/live/api.js");
export const { followLines } = await import("../../visualizations/live/stream.js");
export const { watchActor } = await import("../../visualizations/live/watched.js");
export const { followConversation } = await import("../../visualizations/live/followed.js");
