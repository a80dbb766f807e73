// No file names the machine it was written on or the registry it was installed from, because both differ elsewhere.
// `/home/someone` stands for any home.
import { findAll, type Source } from "./source.ts";

const isExempt = (source: Source): boolean => source.path.startsWith("test/tidy");

export function placesOfAMachine(sources: readonly Source[]): string[] {
  return sources
    .filter((source) => !isExempt(source))
    .flatMap((source) => [
      ...findAll(
        source,
        source.text,
        /(?<![\w.~$*})\]/-])\/(?:work|home|Users|root|mnt|opt|var\/folders)\/(?!someone\b)[\w.-]+/g,
        ([path]) => `the absolute path ${path}`,
      ),
      ...findAll(
        source,
        source.text,
        /\bfile:\/\/\/(?:work|home|Users|root|[A-Z]:)\b[^\s"'`]*/g,
        ([url]) => `the absolute address ${url}`,
      ),
      ...findAll(source, source.text, /\bregistry\.[a-z0-9-]+\.[a-z]{2,}\b|"resolved": "[^"]*"/g, ([host]) => {
        return `a registry's address: ${host}`;
      }),
    ]);
}
