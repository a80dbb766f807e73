// Types that the package names and does not give: whatever stands in the declaration of something exported must be
// exported by the same entry, so that its users can write it down too. Asks the compiler, never the text.
import { basename } from "node:path";
import { isIdentifier, type Node } from "typescript/unstable/ast";
import { API, type Project, SymbolFlags, type Symbol as TypeSymbol } from "typescript/unstable/sync";

/** @param directory of the package: the types of others are theirs to export. @param entries files below it. */
export function unexportedTypes(tsconfig: string, directory: string, entries: readonly string[]): string[] {
  const api = new API();
  try {
    const project = api.updateSnapshot({ openProjects: [tsconfig] }).getProject(tsconfig);
    if (!project) throw new Error(`${tsconfig} is no project`);
    return entries.flatMap((entry) => unexportedIn(project, directory, entry));
  } finally {
    api.close();
  }
}

const declared = SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.Enum | SymbolFlags.TypeAlias;

function unexportedIn(project: Project, directory: string, entry: string): string[] {
  const { program, checker } = project;
  const file = program.getSourceFile(entry);
  const module = file && checker.getSymbolAtLocation(file);
  if (!module) throw new Error(`${entry} is no module of ${project.configFileName}`);
  const meant = (symbol: TypeSymbol): TypeSymbol =>
    symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Map(
    checker
      .getExportsOfModule(module)
      .map(meant)
      .map((symbol) => [symbol.id, symbol]),
  );
  const isOurs = ({ flags, declarations }: TypeSymbol): boolean =>
    (flags & declared) !== 0 && declarations.some(({ path }) => path.startsWith(directory));
  const findings = [...exported.values()].flatMap(({ name, declarations }) =>
    checker
      .getSymbolAtLocation(declarations.flatMap((handle) => identifiersIn(handle.resolve(project))))
      .flatMap((symbol) => (symbol ? [meant(symbol)] : []))
      .filter((symbol) => isOurs(symbol) && !exported.has(symbol.id))
      .map((symbol) => `${basename(entry)}: ${name} names ${symbol.name}, which is not exported`),
  );
  return [...new Set(findings)];
}

function identifiersIn(node: Node | undefined): Node[] {
  const found: Node[] = [];
  const visit = (child: Node): void => {
    if (isIdentifier(child)) found.push(child);
    child.forEachChild(visit);
  };
  if (node) visit(node);
  return found;
}
