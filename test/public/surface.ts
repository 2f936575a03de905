import path from 'node:path'
import { type Node, SyntaxKind } from 'typescript/unstable/ast'
import {
  API,
  type Checker,
  type Project,
  SymbolFlags,
  type Symbol as TsSymbol,
} from 'typescript/unstable/sync'

/** Reads the public surface as the compiler sees it. Its interface is new and may change; its version is pinned. */

export const repository = path.resolve(import.meta.dirname, '..', '..')
export const entries = ['index', 'client', 'job-types', 'testing', 'worker', 'workflow'] as const

export interface PublicName {
  name: string
  symbol: TsSymbol
  /** Of a value it can be called, made or read; of a type it is erased. */
  isValue: boolean
  documentation: string
  /** The code of its `@example`s, and those of its methods by `Class.method`. */
  examples: Record<string, string[]>
}

export interface Surface {
  names: Record<(typeof entries)[number], PublicName[]>
  /** Types of ours that somebody who uses an exported thing needs a name for, and has none: `who needs what`. */
  missing: string[]
}

/** @param use what is read while the compiler is there */
export function withSurface<T>(use: (surface: Surface, checker: Checker) => T): T {
  const config = path.join(repository, 'tsconfig.build.json')
  const api = new API({ cwd: repository })
  try {
    const project = api.updateSnapshot({ openProject: config }).getProject(config)
    if (!project) throw new Error(`${config} cannot be opened`)
    const names = Object.fromEntries(
      entries.map((entry) => [entry, exportsOf(project, entry)]),
    ) as Surface['names']
    return use({ names, missing: missingTypes(project, Object.values(names).flat()) }, project.checker)
  } finally {
    api.close()
  }
}

function exportsOf({ program, checker }: Project, entry: string): PublicName[] {
  const file = program.getSourceFile(path.join(repository, 'src', 'public', `${entry}.ts`))
  const module = file && checker.getSymbolAtLocation(file)
  if (!module) throw new Error(`src/public/${entry}.ts exports nothing`)
  return checker.getExportsOfModule(module).map((exported) => {
    const symbol = unaliased(exported, checker)
    return {
      name: exported.name,
      symbol,
      isValue: (symbol.flags & SymbolFlags.Value) !== 0,
      documentation: checker.getDocumentationCommentOfSymbol(symbol),
      examples: examplesOf(symbol, checker),
    }
  })
}

function examplesOf(symbol: TsSymbol, checker: Checker): Record<string, string[]> {
  const own = (one: TsSymbol) =>
    one.getJsDocTags(checker).flatMap(({ name, text = '' }) => (name === 'example' ? [codeOf(text)] : []))
  const isClass = (symbol.flags & SymbolFlags.Class) !== 0
  const methods = isClass ? [...symbol.getMembers().values()] : []
  const all = [
    [symbol.name, own(symbol)],
    ...methods.map((method) => [`${symbol.name}.${method.name}`, own(method)]),
  ] as [string, string[]][]
  return Object.fromEntries(all.filter(([, examples]) => examples.length > 0))
}

function codeOf(text: string): string {
  const code = /^```ts\n(.*)\n```$/s.exec(text.trim())?.[1]
  if (code === undefined) throw new Error(`an @example is one block of ts, found ${text}`)
  return code
}

export function unaliased(symbol: TsSymbol, checker: Checker): TsSymbol {
  return symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

/** Everything that signatures and fields name, however deep, against what is exported from any entry. */
function missingTypes(project: Project, names: readonly PublicName[]): string[] {
  const exported = new Set(names.map(({ symbol }) => symbol.id))
  const seen = new Set<number>()
  const missing = new Set<string>()
  const visit = (symbol: TsSymbol, user: string, isNeeded: boolean) => {
    const [declaration] = symbol.declarations
    const file = declaration && path.relative(repository, declaration.path)
    if (!file?.startsWith(`src${path.sep}`) || symbol.flags & SymbolFlags.TypeParameter) return
    if (isNeeded && !exported.has(symbol.id)) missing.add(`${user} needs ${symbol.name} (${file})`)
    if (seen.has(symbol.id)) return
    seen.add(symbol.id)
    for (const handle of symbol.declarations) {
      const node = handle.resolve(project)
      if (node)
        for (const { name, inherited } of namedTypes(node)) {
          const used = project.checker.getSymbolAtLocation(name)
          if (used) visit(unaliased(used, project.checker), symbol.name, !inherited)
        }
    }
  }
  for (const { symbol, name } of names) visit(symbol, name, false)
  return [...missing].toSorted()
}

/** The type names in a declaration, without what is private and without what runs. */
function namedTypes(node: Node, inherited = false): { name: Node; inherited: boolean }[] {
  const parts = node as Node & {
    name?: Node
    type?: Node
    typeName?: Node
    expression?: Node
    typeArguments?: readonly Node[]
  }
  if (parts.name?.kind === SyntaxKind.PrivateIdentifier) return []
  switch (node.kind) {
    case SyntaxKind.Block:
    case SyntaxKind.TypeQuery:
      return []
    // An initial value names nothing that a user sees.
    case SyntaxKind.Parameter:
    case SyntaxKind.PropertyDeclaration:
    case SyntaxKind.VariableDeclaration:
      return parts.type ? namedTypes(parts.type) : []
    case SyntaxKind.ExpressionWithTypeArguments:
      return [
        ...(parts.expression ? [{ name: parts.expression, inherited: true }] : []),
        ...(parts.typeArguments ?? []).flatMap((argument) => namedTypes(argument)),
      ]
    default: {
      const found = parts.typeName ? [{ name: parts.typeName, inherited }] : []
      node.forEachChild((child) => {
        found.push(...namedTypes(child, inherited))
      })
      return found
    }
  }
}
