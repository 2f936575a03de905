/** Reads what a source imports, without a parser: comments and the insides of strings are blanked first. Pure. */

export interface ImportFound {
  line: number
  specifier: string
  /** Erased before the program runs. `import { type A }` is not: the module is still loaded. */
  typeOnly: boolean
}

const importPattern =
  /(?:^|[;}\s])(?<keyword>import|export)(?<clause>\s+type\b(?!\s+from\b)|(?=[\s{*('"]))[^;'"`()]*?(?:from\s*)?(?<quote>['"])(?<specifier>[^'"\n]+)\k<quote>/g
const dynamicPattern = /\bimport\s*\(\s*(?<quote>['"])(?<specifier>[^'"\n]+)\k<quote>/g

export function findImports(source: string): ImportFound[] {
  const code = blank(source, { keepModuleNames: true })
  const found: ImportFound[] = []
  for (const match of code.matchAll(importPattern)) {
    const { keyword = '', clause = '', specifier = '' } = match.groups ?? {}
    // `export const a = 'x'` is no re-export.
    if (keyword === 'export' && !/\bfrom\s*['"]/.test(match[0])) continue
    found.push({
      line: lineOf(code, match.index + match[0].length),
      specifier,
      typeOnly: clause.trim() === 'type',
    })
  }
  for (const match of code.matchAll(dynamicPattern))
    found.push({ line: lineOf(code, match.index), specifier: match.groups?.specifier ?? '', typeOnly: false })
  return found.toSorted((a, b) => a.line - b.line)
}

/** The lines in which a pattern occurs in code: not in comments, not in strings. */
export function findInCode(source: string, pattern: RegExp): number[] {
  const lines = blank(source, { keepModuleNames: false }).split('\n')
  return lines.flatMap((line, index) => (pattern.test(line) ? [index + 1] : []))
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** The same text with spaces for comments and for what strings hold; line breaks stay. */
export function blank(source: string, options: { keepModuleNames: boolean }): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|\$\{(?:[^{}`]|\{[^{}]*\}|`(?:\\.|[^`\\])*`)*\}|[^`\\])*`/g
  return source.replace(token, (text: string, offset: number) => {
    const isString = text.startsWith("'") || text.startsWith('"')
    const namesModule = /(?:\bfrom|\bimport|\bimport\s*\()\s*$/.test(
      source.slice(Math.max(0, offset - 30), offset),
    )
    if (isString && options.keepModuleNames && namesModule) return text
    // Code inside `${…}` of a template is code: only the text around it goes.
    if (text.startsWith('`')) return blankTemplate(text)
    return text.replace(/[^\n]/g, ' ')
  })
}

function blankTemplate(template: string): string {
  let depth = 0
  return template
    .split('')
    .map((character, index) => {
      if (character === '{' && (depth > 0 || template[index - 1] === '$')) depth += 1
      if (character === '}' && depth > 0) depth -= 1
      return depth > 0 || character === '\n' ? character : ' '
    })
    .join('')
}
