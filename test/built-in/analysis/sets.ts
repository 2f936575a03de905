import { readdirSync, readFileSync } from 'node:fs'
import type { SourceDocument } from '../../../src/built-in/analysis/index.ts'

/** The documents of one of the sets beside this file. */
export function documentsOf(set: string): SourceDocument[] {
  const folder = new URL(`./sets/${set}/`, import.meta.url)
  return readdirSync(folder).map((path) => ({ path, text: readFileSync(new URL(path, folder), 'utf8') }))
}
