import { createHash } from 'node:crypto'

/** Text as it may stand in an id: as it is where it is short and plain, else its beginning and a digest of the whole. */
export function shortId(text: string, length = 100): string {
  if (text.length <= length && /^[\x21-\x7d]+$/.test(text)) return text
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
  return `${text.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 40)}~${digest}`
}
