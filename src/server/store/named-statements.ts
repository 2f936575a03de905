import { codeOf } from '../../base/causes.ts'

/** What a connection says whose other end is not the one that knew the statement, or knows it already: behind a pooler in transaction mode. */
const strangers: readonly (string | undefined)[] = ['26000', '42P05']

export interface NamedStatements {
  /** The name under which a connection may keep the statement; undefined: under none. */
  nameOf(sql: string): string | undefined
  /** True when a statement failed for its name alone; no other gets one from then on. */
  isRefused(error: unknown): boolean
}

/** So many texts have names; each connection keeps each of them. */
const keptNames = 200
/** How often a text has to come before it counts as one that comes again and again. */
const regular = 3

/**
 * Names for statements that come again and again, so that the database neither parses nor plans them each time. A name always
 * stands for the same text, whoever gave it: a connection that is shared unknown to us can refuse a name, and never take it for another statement.
 */
export function createNamedStatements(hash: (sql: string) => string): NamedStatements {
  const seen = new Map<string, number>()
  const names = new Map<string, string>()
  let isOff = false
  return {
    nameOf(sql) {
      if (isOff) return undefined
      const known = names.get(sql)
      if (known !== undefined || names.size >= keptNames) return known
      const times = (seen.get(sql) ?? 0) + 1
      // Texts that differ each time must not pile up.
      if (seen.size >= 10 * keptNames) seen.clear()
      seen.set(sql, times)
      if (times < regular) return undefined
      seen.delete(sql)
      const name = `jobwright_${hash(sql)}`
      names.set(sql, name)
      return name
    },
    isRefused(error) {
      if (!strangers.includes(codeOf(error))) return false
      isOff = true
      return true
    },
  }
}
