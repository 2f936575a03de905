/** Names of things: their slugs, and the marks by which a text mentions them. */

/**
 * The slug of a name: lower-case letters and digits joined by hyphens, accents removed; `-12 V` keeps its sign.
 * `Power Distribution Unit` → `power-distribution-unit`, `24V_A` → `24v-a`. Empty when no letter or digit is there.
 */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/^\s*[-−]\s*(?=\d)/, 'minus ')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '')
    .join('-')
}

const notNames = new Set([
  '',
  'n-a',
  'na',
  'none',
  'nil',
  'spare',
  'nc',
  'n-c',
  'reserved',
  'unused',
  'tbd',
  'tbc',
  'tbr',
  'various',
  'all',
  'total',
  'subtotal',
  'sub-total',
  'sum',
  'grand-total',
  'margin',
  'remaining',
  'notes',
  'note',
  'not-connected',
  'no-connect',
  'no-connection',
  'see-note',
  'yes',
  'no',
  'unknown',
  'other',
  'others',
  'average',
  'max',
  'min',
])

/** Whether a cell's text can name a thing: short, and not one of the words for nothing. */
export function isName(text: string): boolean {
  const slug = slugOf(text)
  return (
    !notNames.has(slug) &&
    !/^(?:tb[dcr]|total|spare|sum)-/.test(slug) &&
    text.length <= 60 &&
    text.split(/\s+/).length <= 7 &&
    /\p{L}/u.test(text)
  )
}

export function isTotal(text: string): boolean {
  return /^(?:grand |sub-? ?)?(?:total|sum)s?\b/i.test(text.trim())
}

/** `PDU-REQ-004`, `CH3`, `J12`, `T-07`: letters, then a number, in one word. The family is the id without its number. */
export function idFamily(token: string): { family: string; number: number; width: number } | undefined {
  if (token.length > 40) return undefined
  const match = /^([A-Z][A-Za-z0-9_.-]*?[A-Za-z_.-]|[A-Z])(\d{1,5})$/.exec(token)
  if (match === null || /^[a-z]/.test(token)) return undefined
  const family = match[1] ?? ''
  return family.length > 30 ? undefined : { family, number: Number(match[2]), width: match[2]?.length ?? 1 }
}

/** Families of standards, packages, materials and the like: never missing things of the system. */
const foreignFamilies =
  /^(?:MIL|STD|ISO|IEC|IEEE|EN|DIN|DO|RTCA|ARINC|ECSS|NASA|ESA|SAE|AS|ASTM|UL|IPC|EIA|TIA|RS|RTD|PT|IP|AWG|REV|ISS|ISSUE|VER|V|SN|S\/N|PN|P\/N|CAGE|FIG|TAB|TABLE|SEC|SECTION|APP|NOTE|PAGE|USB|CAN|CAT|AL|SOT|SMD|FR|NEMA|UTF|SHA|RFC|GPIO|D|M|A|H|CO|NO|Q|QTY|DAY|WEEK|PHASE|LEVEL|CLASS|TYPE|GRADE|CDR|PDR|TRL|TBD|TBC|TBR)[-_ .]?/

export function isForeignFamily(family: string): boolean {
  const match = foreignFamilies.exec(family)
  return match !== null && match[0].length === family.length
}

/** `CH3_FAULT_N`, `PWR_EN`: capitals and digits in at least two parts. */
export function isSignalName(token: string): boolean {
  return token.length <= 60 && /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+[+-]?$/.test(token)
}

/** Words of a text that may be names, ids or parts of them, with their places. Punctuation at their ends is left out. */
export function tokensOf(text: string): { token: string; start: number; end: number }[] {
  const tokens: { token: string; start: number; end: number }[] = []
  for (const match of text.matchAll(/[\p{L}\d_][\p{L}\d_.-]*/gu)) {
    const raw = match[0]
    let length = raw.length
    while (length > 1 && (raw[length - 1] === '.' || raw[length - 1] === '-')) length -= 1
    tokens.push({ token: raw.slice(0, length), start: match.index, end: match.index + length })
  }
  return tokens
}

const longestRange = 200

/** The ids between two of a family, both included: `REQ-001 to REQ-004`. Undefined when they make no range. */
export function idRange(from: string, to: string): string[] | undefined {
  const [first, last] = [
    idFamily(from),
    idFamily(/^\d+$/.test(to) ? `${idFamily(from)?.family ?? ''}${to}` : to),
  ]
  if (first === undefined || last === undefined || first.family !== last.family) return undefined
  if (last.number <= first.number || last.number - first.number > longestRange) return undefined
  return Array.from(
    { length: last.number - first.number + 1 },
    (_, index) => `${first.family}${String(first.number + index).padStart(first.width, '0')}`,
  )
}

/** Every word of a text, and the ids inside its ranges: `J2–J5`, `J2-J5`, `REQ-001 to REQ-004`, `REQ-001…003`. */
export function idsIn(text: string): { token: string; start: number; end: number }[] {
  const tokens = tokensOf(text)
  const found: { token: string; start: number; end: number }[] = []
  for (let index = 0; index < tokens.length; index += 1) {
    const current = tokens[index] as (typeof tokens)[number]
    const dots = /^(.+?)\.{2,3}(.+)$/.exec(current.token.slice(0, 80))
    const hyphen = dots ?? /^([A-Z]+\d+)-([A-Z]*\d+)$/.exec(current.token.slice(0, 80))
    const inner = hyphen === null ? undefined : idRange(hyphen[1] ?? '', hyphen[2] ?? '')
    if (inner !== undefined) {
      for (const token of inner) found.push({ ...current, token })
      continue
    }
    const next = tokens[index + 1]
    const between = next === undefined ? '' : text.slice(current.end, next.start).trim()
    const joint = next !== undefined && /^(?:–|—|…|\.{2,3})$/.test(between) ? next : undefined
    const word =
      next !== undefined && /^(?:to|through|thru)$/.test(next.token) ? tokens[index + 2] : undefined
    const range =
      joint !== undefined
        ? idRange(current.token, joint.token)
        : word !== undefined
          ? idRange(current.token, word.token)
          : undefined
    if (range === undefined) found.push(current)
    else {
      for (const token of range) found.push({ ...current, token })
      index += joint !== undefined ? 1 : 2
    }
  }
  return found
}
