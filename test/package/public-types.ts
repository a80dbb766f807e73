// Finds types that the package names in an exported declaration and does not export. The same entry must export them,
// so that users can name them too. Asks the compiler, never the text.
import { basename } from "node:path";
import { isIdentifier, type Node } from "typescript/unstable/ast";
import { API, type Project, SymbolFlags, type Symbol as TypeSymbol } from "typescript/unstable/sync";

/** @param directory The package's, because it need not export the types of others. @param entries Files below it. */
export function unexportedTypes(tsconfig: string, directory: string, entries: readonly string[]): string[] {
  const api = new API();
  try {
    const project = api.updateSnapshot({ openProjects: [tsconfig] }).getProject(tsconfig);
    if (!project) throw new Error(`${tsconfig} is not a project`);
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
  if (!module) throw new Error(`${entry} is not a module of ${project.configFileName}`);
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
