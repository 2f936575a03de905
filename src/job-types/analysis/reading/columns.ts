import type { entityKinds } from '../../../contract/index.ts'
import { findMeasures, measureOfCell, unitInHeader } from '../language/measures.ts'
import { isSignalName } from '../language/names.ts'
import { isParameterNoun, type Parameter, parameterOf, wordsOf } from '../language/parameters.ts'
import { type Unit, unitOfSuffix } from '../language/units.ts'
import type { Table } from '../parse/types.ts'

export type EntityKind = (typeof entityKinds)[number]

/** What a column of a table holds. */
export type Column =
  | { role: 'entity'; kind: EntityKind; noun: string; explicit: boolean }
  | { role: 'identifier' | 'name' | 'text' | 'pin' | 'count' | 'parameter' | 'unit' | 'other' }
  | { role: 'requirement' | 'test' | 'verdict' | 'method' | 'part number' }
  | { role: 'link'; relationship: string; direction: 'from' | 'to' }
  | { role: 'measured' | 'criterion' | 'value'; bound?: 'lower' | 'upper'; unit?: Unit }
  | { role: 'quantity'; parameter: Parameter; unit: Unit | undefined }

const entityNouns: ReadonlyMap<string, EntityKind> = new Map<string, EntityKind>([
  ...['subsystem', 'system', 'segment'].map((noun): [string, EntityKind] => [noun, 'SUBSYSTEM']),
  ...[
    'component',
    'unit',
    'assembly',
    'device',
    'part',
    'equipment',
    'module',
    'sensor',
    'actuator',
    'valve',
    'pump',
    'fuse',
    'relay',
    'heater',
    'load',
    'consumer',
    'lru',
    'item',
    'board',
    'card',
    'converter',
    'motor',
    'switch',
    'breaker',
    'channel',
    'output',
    'node',
    'terminal',
    'controller',
    'battery',
    'instrument',
    'remote terminal',
    'thermistor',
  ].map((noun): [string, EntityKind] => [noun, 'COMPONENT']),
  ...[
    'connector',
    'interface',
    'port',
    'bus',
    'link',
    'receptacle',
    'plug',
    'socket',
    'harness',
    'cable',
  ].map((noun): [string, EntityKind] => [noun, 'INTERFACE']),
  ...['signal', 'net', 'discrete', 'telemetry', 'message'].map((noun): [string, EntityKind] => [
    noun,
    'SIGNAL',
  ]),
  ...[
    'rail',
    'power rail',
    'supply rail',
    'supply',
    'power bus',
    'resource',
    'power source',
    'feed',
    'feeder',
  ].map((noun): [string, EntityKind] => [noun, 'RESOURCE']),
])

const links: ReadonlyMap<string, { relationship: string; direction: 'from' | 'to' }> = new Map([
  ['powered by', { relationship: 'powers', direction: 'from' }],
  ['fed by', { relationship: 'powers', direction: 'from' }],
  ['supplied by', { relationship: 'powers', direction: 'from' }],
  ['fed from', { relationship: 'powers', direction: 'from' }],
  ['powers', { relationship: 'powers', direction: 'to' }],
  ['feeds', { relationship: 'powers', direction: 'to' }],
  ['supplies', { relationship: 'powers', direction: 'to' }],
  ['connects to', { relationship: 'connects_to', direction: 'to' }],
  ['connected to', { relationship: 'connects_to', direction: 'to' }],
  ['connected', { relationship: 'connects_to', direction: 'to' }],
  ['mates with', { relationship: 'connects_to', direction: 'to' }],
  ['connects', { relationship: 'connects_to', direction: 'to' }],
  ['connections', { relationship: 'connects_to', direction: 'to' }],
  ['source', { relationship: 'provides', direction: 'from' }],
  ['from', { relationship: 'provides', direction: 'from' }],
  ['driver', { relationship: 'provides', direction: 'from' }],
  ['transmitter', { relationship: 'provides', direction: 'from' }],
  ['destination', { relationship: 'consumes', direction: 'from' }],
  ['to', { relationship: 'consumes', direction: 'from' }],
  ['receiver', { relationship: 'consumes', direction: 'from' }],
  ['sink', { relationship: 'consumes', direction: 'from' }],
  ['protects', { relationship: 'protects', direction: 'to' }],
  ['protected by', { relationship: 'protects', direction: 'from' }],
  ['controls', { relationship: 'controls', direction: 'to' }],
  ['controlled by', { relationship: 'controls', direction: 'from' }],
  ['part of', { relationship: 'contains', direction: 'from' }],
  ['parent', { relationship: 'contains', direction: 'from' }],
  ['contains', { relationship: 'contains', direction: 'to' }],
  ['requires', { relationship: 'requires', direction: 'to' }],
  ['provides', { relationship: 'provides', direction: 'to' }],
  ['consumes', { relationship: 'consumes', direction: 'to' }],
  ['carries', { relationship: 'carries', direction: 'to' }],
  ['signals', { relationship: 'carries', direction: 'to' }],
])

const explicitSuffix =
  /^(.*?) ?\b(id|ids|ref|refs|reference|designator|designation|identifier|tag|no|number|name|code)$/
const plain: ReadonlyMap<string, Column> = new Map<string, Column>([
  ...[
    'id',
    'ref',
    'ref des',
    'refdes',
    'reference',
    'designator',
    'reference designator',
    'designation',
    'identifier',
    'tag',
    'item no',
    'no',
    '#',
  ].map((header): [string, Column] => [header, { role: 'identifier' }]),
  ...['name', 'title'].map((header): [string, Column] => [header, { role: 'name' }]),
  ...[
    'description',
    'function',
    'text',
    'statement',
    'notes',
    'note',
    'remarks',
    'comment',
    'comments',
    'purpose',
    'rationale',
    'definition',
    'requirement text',
    'shall',
  ].map((header): [string, Column] => [header, { role: 'text' }]),
  ...['pin', 'pins', 'contact', 'pin no', 'pin number', 'position'].map((header): [string, Column] => [
    header,
    { role: 'pin' },
  ]),
  ...['qty', 'quantity', 'count'].map((header): [string, Column] => [header, { role: 'count' }]),
  ...['parameter', 'characteristic', 'property', 'attribute', 'quantity measured'].map(
    (header): [string, Column] => [header, { role: 'parameter' }],
  ),
  ...['units', 'unit of measure', 'uom'].map((header): [string, Column] => [header, { role: 'unit' }]),
  ...[
    'requirement',
    'requirements',
    'requirement id',
    'req',
    'reqs',
    'req id',
    'req no',
    'requirement ids',
    'requirement no',
    'requirement number',
    'verifies',
    'verified requirement',
    'verified requirements',
    'traces to',
    'requirement ref',
    'requirement reference',
    'covers',
    'related requirements',
    'req ref',
  ].map((header): [string, Column] => [header, { role: 'requirement' }]),
  ...[
    'test',
    'test id',
    'test case',
    'test no',
    'tc',
    'test case id',
    'procedure',
    'test procedure',
    'verified by',
    'test ref',
    'test reference',
    'test number',
    'case',
    'step',
    'tests',
    'evidence',
  ].map((header): [string, Column] => [header, { role: 'test' }]),
  ...['verdict', 'pass fail', 'outcome', 'result', 'status', 'test result', 'pass', 'disposition'].map(
    (header): [string, Column] => [header, { role: 'verdict' }],
  ),
  ...['method', 'verification method', 'verification', 'verification type'].map(
    (header): [string, Column] => [header, { role: 'method' }],
  ),
  ...['part number', 'part no', 'p n', 'pn', 'mpn', 'manufacturer part number', 'manufacturer part no'].map(
    (header): [string, Column] => [header, { role: 'part number' }],
  ),
])

const verdictWord =
  /^(?:pass(?:ed)?|fail(?:ed)?|ok|nok|not ok|marginal|pass with (?:deviation|comment|remark)s?|conditional pass|partial(?:ly)?|not run|not tested|not executed|open|blocked|inconclusive|n\/?a|compliant|non-?compliant|skipped|pending|deferred)\b/i

export function isVerdict(text: string): boolean {
  return verdictWord.test(text.trim())
}

function cellsOf(table: Table, column: number): string[] {
  return table.rows.slice(0, 200).flatMap((row) => {
    const text = row.cells[column]?.text.trim() ?? ''
    return text === '' || text === '-' || text === '–' || text === '—' ? [] : [text]
  })
}

function mostly(cells: readonly string[], test: (cell: string) => boolean): boolean {
  return cells.length > 0 && cells.filter(test).length * 2 >= cells.length
}

/** The words of a header and the unit it names: `Nominal current (A)`, `inrush_current_ma`, `Mass, kg`. */
export function readHeader(header: string): { words: string[]; unit: Unit | undefined } {
  const bracketed = unitInHeader(header)
  const rest = (bracketed?.rest ?? header)
    .replace(/[([][^()[\]]*[)\]]/g, ' ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
  const words = wordsOf(rest.replace(/_/g, ' '))
  if (bracketed !== undefined) return { words, unit: bracketed.unit }
  const last = words.at(-1)
  const unit = last !== undefined && words.length > 1 ? unitOfSuffix(last) : undefined
  const before = words.slice(0, -1)
  const fits =
    unit !== undefined &&
    (/_/.test(header) || before.some(isParameterNoun)) &&
    parameterOf(before, unit, { needsNoun: false }) !== undefined
  return fits ? { words: before, unit } : { words, unit: undefined }
}

function measuringColumn(
  words: readonly string[],
  unit: Unit | undefined,
  cells: readonly string[],
): Column | undefined {
  const phrase = words.join(' ')
  const own = unit === undefined ? {} : { unit }
  const numeric = mostly(
    cells,
    (cell) =>
      /\d/.test(cell) &&
      (unit !== undefined ||
        findMeasures(cell).length > 0 ||
        /^[≤≥<>=±~\s]*[-+−]?\d[\d.,\s–…±%-]*$/.test(cell)),
  )
  if (
    /^(?:measured|actual|observed|measurement|as measured|reading)(?: (?:value|result|worst case))?$/.test(
      phrase,
    ) ||
    (phrase === 'result' && numeric)
  )
    return { role: 'measured', ...own }
  if (
    /^(?:limit|limits|criterion|criteria|expected|acceptance(?: criterion| criteria| limits?)?|pass criterion|pass criteria|required|expected(?: value| result)?|requirement limit|specification|spec)$/.test(
      phrase,
    )
  )
    return { role: 'criterion', ...own }
  if (/^(?:min|minimum|lower limit|min limit|lower)$/.test(phrase))
    return { role: 'criterion', bound: 'lower', ...own }
  if (/^(?:max|maximum|upper limit|max limit|upper)$/.test(phrase))
    return { role: 'criterion', bound: 'upper', ...own }
  if (/^(?:value|nominal|nom|typ|typical|nominal value)$/.test(phrase)) return { role: 'value', ...own }
  return undefined
}

function entityColumn(phrase: string, hasEntitySuffix: boolean): Column | undefined {
  const singular = phrase.endsWith('s') && !entityNouns.has(phrase) ? phrase.slice(0, -1) : phrase
  const kind = entityNouns.get(singular)
  if (kind !== undefined) return { role: 'entity', kind, noun: singular, explicit: hasEntitySuffix }
  const words = singular.split(' ')
  const head = words.at(-1) ?? ''
  // "Output channel", "Power rail", "PDU connector": the last word says what it is. One word before it at most.
  const headKind = words.length === 2 ? entityNouns.get(head) : undefined
  return headKind === undefined || head === 'output' || head === 'supply'
    ? undefined
    : { role: 'entity', kind: headKind, noun: head, explicit: hasEntitySuffix }
}

/** What a column holds, from its header and its cells. */
export function classifyColumn(table: Table, index: number): Column {
  const header = table.headers[index] ?? ''
  const cells = cellsOf(table, index)
  const { words, unit } = readHeader(header)
  const phrase = words.join(' ') || header.trim()
  const measuring = measuringColumn(words, unit, cells)
  if (measuring !== undefined && !mostly(cells, isVerdict)) return measuring
  const known = plain.get(phrase)
  if (known?.role === 'verdict') return mostly(cells, isVerdict) ? known : { role: 'other' }
  if (known?.role === 'requirement' && mostly(cells, (cell) => cell.split(/\s+/).length > 6))
    return { role: 'text' }
  if (known !== undefined && unit === undefined) return known
  if (phrase === 'unit' && mostly(cells, (cell) => findMeasures(`1 ${cell}`).length === 1))
    return { role: 'unit' }
  const link = links.get(phrase)
  if (link !== undefined && unit === undefined && !mostly(cells, (cell) => cell.split(/\s+/).length > 8))
    return { role: 'link', ...link }
  const sized = unit !== undefined || mostly(cells, (cell) => measureOfCell(cell) !== undefined)
  if (sized) {
    const parameter =
      unit === undefined ? sizeParameter(words, cells) : parameterOf(words, unit, { needsNoun: false })
    if (parameter !== undefined) return { role: 'quantity', parameter, unit }
  }
  const stem = explicitSuffix.exec(phrase)
  if (stem?.[1] !== undefined && stem[1] !== '') {
    const entity = entityColumn(stem[1], true)
    if (entity !== undefined) return entity
  }
  const entity = entityColumn(phrase, false)
  if (entity !== undefined && !mostly(cells, (cell) => cell.split(/\s+/).length > 7)) return entity
  if (mostly(cells, isSignalName) && cells.length >= 2)
    return { role: 'entity', kind: 'SIGNAL', noun: 'signal', explicit: false }
  return { role: 'other' }
}

function sizeParameter(words: readonly string[], cells: readonly string[]): Parameter | undefined {
  const dimensions = new Map<string, Unit>()
  for (const cell of cells) {
    const measure = measureOfCell(cell)
    if (measure !== undefined) dimensions.set(measure.unit.dimension, measure.unit)
  }
  const [only] = dimensions.values()
  return dimensions.size === 1 && only !== undefined
    ? parameterOf(words, only, { needsNoun: false })
    : undefined
}
