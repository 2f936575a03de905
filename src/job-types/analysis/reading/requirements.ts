import { idFamily } from '../language/names.ts'
import type { ParsedDocument, Statement } from '../parse/types.ts'
import type { Model, Place, Requirement } from './model.ts'
import { isAside, isTestReport } from './sections.ts'
import { columnOf, type TableShape, textAt } from './shapes.ts'

const obligation = /\b(?:shall|must)\b/i
const leadingId = /^[[(]?([A-Z][A-Za-z0-9_.-]{0,38}\d)[\])]?\s*(?:[:.)–—-]\s*|\s)/

/** The id that a requirement's text begins with, and the text behind it. */
export function splitLeadingId(text: string): { id: string; rest: string } | undefined {
  const match = leadingId.exec(text.slice(0, 60))
  const id = match?.[1]
  if (match === null || id === undefined || idFamily(id) === undefined) return undefined
  return { id, rest: text.slice(match[0].length).trim() }
}

/** A requirement with the sentence that the prose reader will look at. */
export interface RequirementText extends Requirement {
  statement: Statement
}

function fromStatements(document: ParsedDocument): RequirementText[] {
  const found: RequirementText[] = []
  const taken = new Set<string>()
  for (const statement of document.statements) {
    if (isAside(statement.section)) continue
    const place: Place = { document: document.path, line: statement.line }
    const method = /^verification(?: method)?:\s*(.+)$/i.exec(statement.text)?.[1]
    const last = found.at(-1)
    if (method !== undefined && last !== undefined && last.method === undefined && method.length < 80) {
      last.method = method
      continue
    }
    if (!obligation.test(statement.text)) continue
    const leading = splitLeadingId(statement.text)
    if (leading !== undefined) {
      found.push({ id: leading.id, text: leading.rest, place, method: undefined, statement })
      continue
    }
    // "### REQ-4 Hold-up time", then a paragraph: the first obligation under such a heading is its text.
    const heading =
      statement.section === undefined ? undefined : splitLeadingId(`${statement.section.title} `)
    if (heading === undefined || taken.has(`${heading.id}:${statement.section?.line}`)) continue
    taken.add(`${heading.id}:${statement.section?.line}`)
    found.push({ id: heading.id, text: statement.text, place, method: undefined, statement })
  }
  return found
}

function fromTable(shape: TableShape): RequirementText[] {
  const idColumn = columnOf(shape, 'identifier', 'requirement')
  const methodColumn = columnOf(shape, 'method')
  return shape.table.rows.flatMap((row) => {
    const id = textAt(row, idColumn)
    if (idFamily(id) === undefined) return []
    const texts = row.cells.map(({ text }) => text.trim())
    const textColumn = Math.max(
      texts.findIndex((text) => obligation.test(text)),
      -1,
    )
    const column = textColumn >= 0 ? textColumn : columnOf(shape, 'text', 'name')
    const text = textAt(row, column)
    const line = row.cells[column]?.line ?? row.line
    const statement: Statement = {
      text,
      line,
      lineStarts: [{ offset: 0, line }],
      section: shape.table.section,
    }
    const place = { document: shape.document.path, line: row.cells[idColumn]?.line ?? row.line }
    return [
      {
        id,
        text,
        place,
        method: methodColumn < 0 ? undefined : textAt(row, methodColumn) || undefined,
        statement,
      },
    ]
  })
}

/** Requirements with an id, wherever documents state them: tables, lists, paragraphs, headings. */
export function readRequirements(model: Model): RequirementText[] {
  const found: RequirementText[] = []
  for (const document of model.documents) {
    if (!isTestReport(document)) found.push(...fromStatements(document))
    for (const shape of model.shapes)
      if (shape.document === document && shape.kind === 'requirements') found.push(...fromTable(shape))
  }
  return found
}
