import { idsIn, slugOf } from '../language/names.ts'
import type { Entity } from './model.ts'

/** A place in a text that names a thing. */
export interface Mention {
  id: string
  start: number
  end: number
}

export interface Lexicon {
  /** Slug of a name or an abbreviation → entity id. */
  resolve(name: string): string | undefined
  /** In order, the longest names first where they overlap. */
  mentions(text: string): Mention[]
}

const maxNameWords = 7

/** Common words that are names in tables but say nothing of them in a sentence. */
function needsCapital(slug: string): boolean {
  return !/\d/.test(slug) && !slug.includes('-')
}

export function createLexicon(entities: Iterable<Entity>, aliases: ReadonlyMap<string, string>): Lexicon {
  const ids = new Map<string, string>()
  for (const entity of entities) {
    ids.set(entity.id, entity.id)
    ids.set(slugOf(entity.name), entity.id)
  }
  for (const [alias, target] of aliases)
    if (ids.has(target) && !ids.has(alias)) ids.set(alias, ids.get(target) ?? target)
  /** Longest name, in slug parts, that begins with a part. */
  const longest = new Map<string, number>()
  for (const slug of ids.keys()) {
    const parts = slug.split('-')
    const first = parts[0] ?? ''
    longest.set(first, Math.max(longest.get(first) ?? 0, Math.min(parts.length, maxNameWords)))
  }

  return {
    resolve: (name) => ids.get(slugOf(name)),
    mentions(text) {
      const tokens = idsIn(text)
      const found: Mention[] = []
      for (let index = 0; index < tokens.length; ) {
        const first = tokens[index] as (typeof tokens)[number]
        const firstSlug = slugOf(first.token)
        const reach = longest.get(firstSlug.split('-')[0] ?? '') ?? 0
        let slug = firstSlug
        let match: { id: string; end: number; tokens: number } | undefined
        for (let count = 1; reach > 0 && count <= maxNameWords; count += 1) {
          const last = tokens[index + count - 1]
          if (last === undefined) break
          if (count > 1) {
            const gap = text.slice(tokens[index + count - 2]?.end ?? 0, last.start)
            if (gap.trim() !== '' && gap !== '/') break
            slug += `-${slugOf(last.token)}`
          }
          if (slug.split('-').length > reach) break
          const id = ids.get(slug)
          const capital = /^[A-Z\d]/.test(first.token)
          if (id !== undefined && slug.length > 1 && (capital || !needsCapital(slug)))
            match = { id, end: last.end, tokens: count }
        }
        if (match !== undefined) found.push({ id: match.id, start: first.start, end: match.end })
        index += match?.tokens ?? 1
      }
      return found
    },
  }
}

/**
 * Abbreviations that texts introduce as `Power Distribution Unit (PDU)`: slug of the abbreviation → slug of the name.
 * Only those whose letters are the words' initials.
 */
export function findAbbreviations(texts: Iterable<string>): Map<string, string> {
  const found = new Map<string, string>()
  for (const text of texts) {
    for (const match of text.matchAll(/\(([A-Z]{2,8})\)/g)) {
      const letters = match[1] ?? ''
      const words = text
        .slice(Math.max(0, match.index - 150), match.index)
        .trim()
        .split(/[\s-]+/)
        .slice(-letters.length)
      const initials = words.map((word) => word[0]?.toUpperCase() ?? '').join('')
      if (initials === letters && words.length > 1) found.set(slugOf(letters), slugOf(words.join(' ')))
    }
  }
  return found
}
