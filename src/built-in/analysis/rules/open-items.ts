import type { ParsedDocument } from '../parse/types.ts'
import { isAside } from '../reading/sections.ts'
import type { Finding, Rule } from './rule.ts'

const open =
  /(?<![\p{L}\d_])(?:TB[DCRS](?:[-_ ]?\d{1,4})?|TODO|FIXME|[Tt]o be (?:determined|defined|confirmed|decided|clarified|specified|agreed))(?![\p{L}\d_])/u
/** Sentences about open items, not with one. */
const about =
  /\b(?:no|zero|all|any|each|every|remaining|open|without)\s+(?:open\s+|remaining\s+)?(?:TB[DCRS]|TODO)|\b(?:stands for|means|abbreviat|resolved|closed)\b|\bTB[DCR]\b\W{1,4}to be \w+/i

/** What a line leaves open, without the marks of its format. A row: its first cell, and the cell that says most. */
function subjectOf(line: string, word: string): string {
  const cells = line
    .replace(/^[\s#>*+|-]+|["{}[\]*`]+|[|\s,]+$/g, '')
    .split('|')
    .map((cell) => cell.replace(/\s+/g, ' ').trim())
    .filter((cell) => cell !== '' && cell !== word)
  const [first = word, ...rest] = cells
  const telling = rest.find((cell) => cell.includes(word)) ?? longest(rest)
  const text = telling === undefined ? first : `${first}: ${telling}`
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}

const longest = (texts: readonly string[]): string | undefined =>
  texts.toSorted((a, b) => b.length - a.length)[0]

function openItems({ path, lines, sections }: ParsedDocument) {
  let at = -1
  return lines.flatMap((raw, index) => {
    while ((sections[at + 1]?.line ?? Number.POSITIVE_INFINITY) <= index + 1) at += 1
    const text = raw.slice(0, 5000)
    const word = open.exec(text)?.[0]
    if (word === undefined || about.test(text) || isAside(sections[at])) return []
    return [
      {
        word,
        text: subjectOf(text, word),
        section: sections[at]?.title,
        place: { document: path, line: index + 1 },
      },
    ]
  })
}

/** TBD, TBC, TODO and their like. An id such as TBD-3 is one item wherever it stands. */
export const openItemsRule: Rule = {
  name: 'open-items',
  find(model) {
    const items = model.documents.flatMap(openItems)
    const groups = Map.groupBy(items, ({ word, place }) =>
      /\d/.test(word) ? word : `${place.document}:${place.line}`,
    )
    return [...groups.values()].flatMap((group): Finding[] =>
      group.slice(0, 1).map(({ word, text, section, place }) => ({
        title: text.startsWith(word) ? text : `${word}: ${text}`,
        description: `${place.document}:${place.line} leaves open: "${text}" (${word}${section === undefined ? '' : `, in ${section}`}). Decide it, or name who does so until when.`,
        priority: /TODO|FIXME/.test(word) ? 'low' : 'medium',
        tags: ['open-item', word.toLowerCase().replace(/\W+/g, '-')],
        places: group.map((item) => item.place),
      })),
    )
  },
}
