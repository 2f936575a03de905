import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The pages that people read, and the blocks of code in them. */

export const repository = path.resolve(import.meta.dirname, '..', '..')

export interface Page {
  /** Relative to the repository. */
  file: string
  text: string
}

export interface Block {
  page: string
  /** Of the fence that opens it. */
  line: number
  /** Empty for a drawing or for output. */
  language: string
  text: string
  /** What its first line says that it is: `# night.yaml`, `// night.ts`. */
  name: string | undefined
  /** Why nothing checks it, as `<!-- unchecked: … -->` above it says. */
  unchecked: string | undefined
}

/** Every page: a new one is found by itself. */
export const pages: readonly Page[] = globSync(['*.md', 'docs/**/*.md', 'examples/*.md'], { cwd: repository })
  .map((file) => file.split(path.sep).join('/'))
  .toSorted()
  .map((file) => ({ file, text: readFileSync(path.join(repository, file), 'utf8') }))

/** @throws when a fence is left open */
export function blocksOf({ file, text }: Page): Block[] {
  const lines = text.split('\n')
  const blocks: Block[] = []
  let above = ''
  for (let index = 0; index < lines.length; index++) {
    const fence = /^(\s*)(`{3,}|~{3,})\s*(\S*)/.exec(lines[index] ?? '')
    if (fence === null) {
      if (lines[index]?.trim() !== '') above = lines[index] ?? ''
      continue
    }
    const [, indent = '', mark = '', language = ''] = fence
    const end = lines.findIndex((line, at) => at > index && line.trim() === mark)
    if (end < 0) throw new Error(`${file}:${index + 1}: this block is never closed`)
    const content = lines.slice(index + 1, end).map((line) => line.replace(indent, ''))
    blocks.push({
      page: file,
      line: index + 1,
      language,
      text: `${content.join('\n')}\n`,
      name: /^(?:#|\/\/) ([\w.-]+\.(?:yaml|ts))$/.exec(content[0] ?? '')?.[1],
      unchecked: /^<!-- unchecked: (.*\S.*) -->$/.exec(above.trim())?.[1],
    })
    above = ''
    index = end
  }
  return blocks
}

export const blocks: readonly Block[] = pages.flatMap(blocksOf)

/** The only block of that name. */
export function blockNamed(name: string): Block {
  const [found, ...others] = blocks.filter((block) => block.name === name)
  if (found === undefined || others.length > 0) throw new Error(`expected one block ${name}`)
  return found
}

export function place({ page, line, name }: Block): string {
  return `${page}:${line}${name === undefined ? '' : ` (${name})`}`
}

/** A page as if no block were in it: what is said in prose and tables. */
export function proseOf({ file, text }: Page): string {
  const lines = text.split('\n')
  for (const block of blocksOf({ file, text })) {
    const height = block.text.split('\n').length
    lines.fill('', block.line - 1, block.line + height)
  }
  return lines.join('\n')
}

/** The cells of all tables of a page, row by row, without head and rule. */
export function tableRows(text: string): string[][] {
  const rows = text.split('\n').map((line) => {
    if (!line.startsWith('|')) return undefined
    return line
      .replace(/^\|\s*|\s*\|$/g, '')
      .split(/\s*(?<!\\)\|\s*/)
      .map((cell) => cell.trim())
  })
  const isRule = (row: string[] | undefined) => row?.every((cell) => /^:?-+:?$/.test(cell)) === true
  return rows.filter(
    (row, index) => row !== undefined && !isRule(row) && !isRule(rows[index + 1]),
  ) as string[][]
}

export function codeSpans(text: string): string[] {
  return [...text.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, code = '']) => code)
}

/** As a page's headings are linked to. */
export function anchorsOf(page: Page): string[] {
  return [...proseOf(page).matchAll(/^#{1,6} (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}
