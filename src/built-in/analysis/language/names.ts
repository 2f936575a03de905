/** Names of things: their slugs, ids such as `REQ-004`, and what a cell says of both. */

/**
 * The slug of a name: lower-case letters and digits joined by hyphens, accents removed; `-12 V` keeps its sign.
 * `Power Distribution Unit` → `power-distribution-unit`, `24V_A` → `24v-a`. Empty when no letter or digit is there.
 */
export function slugOf(name: string): string {
  // Most names are plain ASCII, for which the short way is much faster.
  const isPlain = /^[\x20-\x7e]*$/.test(name)
  return (isPlain ? name : name.normalize('NFKD').replace(/\p{M}+/gu, ''))
    .replace(/^\s*[-−]\s*(?=\d)/, 'minus ')
    .toLowerCase()
    .replace(isPlain ? /[^a-z0-9]+/g : /[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
}

const notNames = new Set(
  (
    'n-a na none nil spare spares nc n-c reserved unused tbd tbc tbr various all total subtotal sub-total sum ' +
    'grand-total margin remaining reserve notes note not-connected no-connect no-connection not-used see-note yes ' +
    'no true false unknown other others average mean max min external internal both each gnd ground return shield'
  ).split(' '),
)

/** Whether a cell's text can name a thing: short, and not one of the words for nothing. */
export function isName(text: string): boolean {
  const slug = slugOf(text)
  return (
    slug !== '' &&
    !notNames.has(slug) &&
    !/^(?:tb[dcr]|total|subtotal|spare|sum|margin|not)-/.test(slug) &&
    text.length <= 60 &&
    text.split(/\s+/).length <= 7 &&
    /\p{L}/u.test(text)
  )
}

export function isTotal(text: string): boolean {
  return /^(?:grand |sub-? ?|overall )?(?:total|sum)s?\b/i.test(text.trim())
}

/** `Feed pump (P1)` and `P1 – Feed pump` name one thing twice. */
export function splitName(text: string): { name: string; alias?: string } {
  const trimmed = text.trim()
  if (trimmed.length > 80) return { name: trimmed }
  const bracketed = /^(\S.{1,50}?)\s*\(([A-Z][A-Za-z0-9_-]{0,11})\)$/.exec(trimmed)
  if (bracketed?.[1] !== undefined && bracketed[2] !== undefined)
    return { name: bracketed[1], alias: bracketed[2] }
  const led = /^([A-Z]{1,6}-?\d{1,4}[A-Z]?)\s*(?:[–—:]|\s-\s)\s*(\p{L}.*)$/u.exec(trimmed)
  return led?.[1] !== undefined && led[2] !== undefined ? { name: led[2], alias: led[1] } : { name: trimmed }
}

/** `PUMP-REQ-004`, `CH3`, `T-07`: capitals, then a number, in one word. The family is the id without its number. */
export function idFamily(token: string): { family: string; number: number; width: number } | undefined {
  const match = token.length > 40 ? null : /^([A-Z][A-Za-z0-9_.-]*[A-Za-z_.-]|[A-Z])(\d{1,5})$/.exec(token)
  if (match === null) return undefined
  return { family: match[1] ?? '', number: Number(match[2]), width: match[2]?.length ?? 1 }
}

const longestRange = 200

function idRange(from: string, to: string): string[] {
  const first = idFamily(from)
  const last = idFamily(/^\d+$/.test(to) ? `${first?.family ?? ''}${to}` : to)
  if (first === undefined || last === undefined || first.family !== last.family) return []
  const count = last.number - first.number + 1
  if (count < 2 || count > longestRange) return []
  return Array.from(
    { length: count },
    (_, index) => first.family + String(first.number + index).padStart(first.width, '0'),
  )
}

/** Every id in a text, those inside its ranges included: `REQ-001 to REQ-004`, `REQ-001…003`. */
export function idsIn(text: string): string[] {
  const words = text.slice(0, 2000).match(/[A-Za-z0-9][\w-]*(?:\.\d+)*|\.{2,3}|[–—…]/g) ?? []
  const found = new Set<string>()
  for (const [index, word] of words.entries()) {
    if (idFamily(word) === undefined) continue
    found.add(word)
    const joint = words[index + 1] ?? ''
    if (/^(?:to|through|thru|\.{2,3}|[–—…])$/.test(joint))
      for (const id of idRange(word, words[index + 2] ?? '')) found.add(id)
  }
  return [...found]
}

/** The id that a requirement or a test begins with, and the text behind it. */
export function splitLeadingId(text: string): { id: string; rest: string } | undefined {
  const match = /^[[(]?([A-Z][A-Za-z0-9_.-]{0,38}\d)[\])]?(?:\s*[:.)–—-]\s*|\s+|$)/.exec(text.slice(0, 60))
  const id = match?.[1]
  if (match === null || id === undefined || idFamily(id) === undefined) return undefined
  return { id, rest: text.slice(match[0].length).trim() }
}

/** Things that are listed in a cell or behind a verb: `A, B and C`, `A / B`. */
export function splitList(text: string): string[] {
  return text
    .split(/\s*[,;+&]\s*|\s+and\s+|\s+\/\s+|<br\s*\/?>/i)
    .map((part) => part.replace(/^and\s+/i, '').trim())
    .filter((part) => part !== '')
}
