import { slugOf } from './language/names.ts'
import type { Focus } from './schemas.ts'

const stopWords = new Set(
  'a an and are as at be by do each focus for from has have in into is it its look of on only or our please review so subsystem system that the their them then these this those to up we what when which with you your'.split(
    ' ',
  ),
)

/** The words of `additional_context` that say something, in their order, each once. */
export function focusTerms(context: string): string[] {
  const words = context.split(/[^\p{L}\p{N}_-]+/u).map((word) => slugOf(word))
  return [...new Set(words)].filter((word) => word.length > 1 && !stopWords.has(word)).slice(0, 50)
}

/** The labels of the items that a term occurs in, as a whole word or the beginning of one. */
export function focusOn<T>(
  context: string | undefined,
  items: readonly T[],
  describe: (item: T) => { label: string; text: string },
): Focus | undefined {
  if (context === undefined || context.trim() === '') return undefined
  const terms = focusTerms(context)
  const matches = items.map(describe).filter(({ text }) => {
    const words = `-${slugOf(text)}`
    return terms.some((term) => words.includes(`-${term}`))
  })
  return { terms, matches: matches.map(({ label }) => label) }
}
