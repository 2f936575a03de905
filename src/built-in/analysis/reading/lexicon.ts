import { slugOf } from '../language/names.ts'
import type { Entity } from './model.ts'

/** Which names mean the same thing: an id and its name, an abbreviation and what it stands for. */
export class Names {
  readonly #targets = new Map<string, { slug: string; name: string }>()

  /** `alias` is another name of `name`. The first that says so counts. */
  same(alias: string, name: string): void {
    const [from, to] = [slugOf(alias), this.idOf(name)]
    if (from !== '' && to !== '' && this.idOf(alias) === from && from !== to)
      this.#targets.set(from, { slug: to, name })
  }

  idOf(name: string): string {
    let slug = slugOf(name)
    for (let next = this.#targets.get(slug); next !== undefined; next = this.#targets.get(slug))
      slug = next.slug
    return slug
  }

  /** The name that an alias stands for; any other name is itself. */
  nameOf(name: string): string {
    const target = this.#targets.get(slugOf(name))
    return target === undefined ? name.trim() : this.nameOf(target.name)
  }

  aliases(): [alias: string, id: string][] {
    return [...this.#targets.keys()].map((alias) => [alias, this.idOf(alias)])
  }
}

/** `Power Distribution Unit (PDU)`: abbreviations whose letters are the initials of the words before them. */
export function findAbbreviations(text: string): { short: string; long: string }[] {
  return [...text.matchAll(/\(([A-Z]{2,8})\)/g)].flatMap((match) => {
    const short = match[1] ?? ''
    const words = text
      .slice(Math.max(0, match.index - 150), match.index)
      .trim()
      .split(/\s+/)
    for (const count of [short.length, ...(short.length > 2 ? [short.length - 1] : [])]) {
      const last = words.slice(-count)
      const initials = last
        .flatMap((word) => word.split('-'))
        .map((word) => word[0]?.toUpperCase())
        .join('')
      if (initials === short) return [{ short, long: last.join(' ') }]
    }
    return []
  })
}

/** A place in a text that names a thing. */
export interface Mention {
  id: string
  start: number
  end: number
}

export interface Lexicon {
  /** In order, the longest names first where they overlap. */
  mentions(text: string): Mention[]
}

const maxNameWords = 7

export function createLexicon(entities: Iterable<Entity>, names: Names): Lexicon {
  const ids = new Map<string, string>()
  for (const { id, name } of entities) ids.set(id, id).set(slugOf(name), id)
  for (const [alias, id] of names.aliases()) if (ids.has(id) && !ids.has(alias)) ids.set(alias, id)
  /** How many slug parts the longest name has that begins with a part. */
  const longest = new Map<string, number>()
  for (const slug of ids.keys()) {
    const parts = slug.split('-')
    const first = parts[0] ?? ''
    longest.set(first, Math.max(longest.get(first) ?? 0, Math.min(parts.length, maxNameWords)))
  }
  return { mentions: (text) => mentionsIn(text, ids, longest) }
}

function mentionsIn(
  text: string,
  ids: ReadonlyMap<string, string>,
  longest: ReadonlyMap<string, number>,
): Mention[] {
  // Words in the sense of a slug: a name may be written with other marks between its words.
  const words = [...text.matchAll(/[\p{L}\p{N}]+/gu)].map((match) => ({
    slug: slugOf(match[0]),
    capital: /^[\p{Lu}\d]/u.test(match[0]),
    start: match.index,
    end: match.index + match[0].length,
  }))
  const found: Mention[] = []
  for (let index = 0; index < words.length; ) {
    const first = words[index] as (typeof words)[number]
    const reach = longest.get(first.slug) ?? 0
    let slug = ''
    let match: { id: string; words: number; end: number } | undefined
    for (let count = 1; count <= reach; count += 1) {
      const last = words[index + count - 1]
      const gap =
        last === undefined ? '' : text.slice(words[index + count - 2]?.end ?? last.start, last.start)
      if (last === undefined || (count > 1 && !/^[\s/_-]{1,2}$/.test(gap) && gap !== '.')) break
      slug += count === 1 ? last.slug : `-${last.slug}`
      const id = ids.get(slug)
      // A single common word names a thing only when it is written as a name.
      if (id !== undefined && slug.length > 1 && (count > 1 || first.capital || /\d/.test(slug)))
        match = { id, words: count, end: last.end }
    }
    if (match !== undefined) found.push({ id: match.id, start: first.start, end: match.end })
    index += match?.words ?? 1
  }
  return found
}
