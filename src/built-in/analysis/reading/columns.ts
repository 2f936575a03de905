import { findMeasures, measureOfCell, unitInHeader } from '../language/measures.ts'
import { isParameterNoun, type Parameter, parameterOf, wordsOf } from '../language/parameters.ts'
import { type Unit, unitOfSuffix } from '../language/units.ts'
import type { Table } from '../parse/types.ts'
import type { EntityKind } from './model.ts'

/** What a column of a table holds. */
export type Column =
  | { role: 'entity'; kind: EntityKind; noun: string }
  | { role: SimpleRole }
  | { role: 'link'; type: string; direction: 'from' | 'to'; kind: EntityKind }
  | SizeColumn
  | { role: 'quantity'; parameter: Parameter; unit: Unit | undefined }

/** Sizes whose parameter the row names, or of a test; `bound` for minimum and maximum columns. */
export interface SizeColumn {
  role: 'measured' | 'limit' | 'value'
  bound?: 'lower' | 'upper'
  unit?: Unit | undefined
}

type SimpleRole = keyof typeof simpleHeaders | 'other'

const simpleHeaders = {
  id: 'id|ref|ref des|refdes|reference|designator|reference designator|designation|identifier|tag|item no|no|nr|#|key|pos|mark',
  name: 'name|title',
  text: 'description|function|text|statement|notes|note|remark|remarks|comment|comments|purpose|rationale|definition|requirement text|shall|details',
  pin: 'pin|pins|contact|pin no|pin number|position|terminal no',
  count: 'qty|quantity|count|number of units|pcs',
  parameter: 'parameter|characteristic|property|attribute|quantity measured|measurand',
  unit: 'units|unit of measure|uom',
  mode: 'mode|state|phase|condition|conditions|case|scenario|operating mode|configuration|variant',
  requirement:
    'requirement|requirements|requirement id|req|reqs|req id|req no|requirement ids|requirement no|requirement number|verifies|verified requirement|verified requirements|traces to|trace|requirement ref|requirement reference|covers|related requirements|req ref',
  test: 'test|test id|test case|test no|tc|test case id|procedure|test procedure|verified by|test ref|test reference|test number|tests|evidence|test name',
  verdict: 'verdict|pass fail|p f|outcome|result|status|test result|pass|disposition|test status',
  method: 'method|verification method|verification|verification type|verify by',
} as const

const kindNouns: Record<EntityKind, string> = {
  SUBSYSTEM: 'subsystem|system|segment',
  COMPONENT:
    'component|unit|assembly|device|part|equipment|module|sensor|actuator|valve|pump|fuse|relay|heater|load|consumer|lru|item|board|card|converter|motor|switch|breaker|channel|output|node|controller|battery|instrument|thermistor|fan|filter|antenna|amplifier|transceiver|radio|processor|computer|regulator|accumulator|tank|thermocouple|transducer|encoder|display|burner|blower|drum|receiver|transmitter|oscillator|camera|gateway|logger|panel|solenoid|cylinder|compressor|generator|servo|drive',
  INTERFACE: 'connector|interface|port|bus|link|receptacle|plug|socket|harness|cable|network|line',
  SIGNAL: 'signal|net|discrete|telemetry|message|telecommand|channel name',
  RESOURCE:
    'rail|power rail|supply rail|supply|power bus|resource|power source|power supply|feed|feeder|circuit|supply line',
}

/** Header, type of the relationship, which end the cell is, kind of what the cell names. */
const linkTable = `
powered by|fed by|fed from|supplied by|supplied from|power source|supply from : powers from RESOURCE
powers|feeds|supplies : powers to COMPONENT
connects to|connected to|connects|mates with|connection|connections|interfaces with|wired to|attached to : connects_to to COMPONENT
source|from|driver|provider|sender|producer|sent by : provides from COMPONENT
destination|to|sink|consumer of|target|received by|subscriber|dest : consumes from COMPONENT
protects : protects to COMPONENT
protected by|protection|protection device : protects from COMPONENT
controls|drives : controls to COMPONENT
controlled by|driven by|commanded by : controls from COMPONENT
part of|parent|belongs to|subsystem of : contains from SUBSYSTEM
contains|consists of : contains to COMPONENT
requires|depends on|needs : requires to RESOURCE
provides : provides to SIGNAL
consumes|uses|receives : consumes to SIGNAL
carries|signals : carries to SIGNAL
carried by|carried on : carries from INTERFACE`

const simple = new Map(
  Object.entries(simpleHeaders).flatMap(([role, headers]) =>
    headers.split('|').map((header): [string, SimpleRole] => [header, role as SimpleRole]),
  ),
)
const kinds = new Map(
  (Object.entries(kindNouns) as [EntityKind, string][]).flatMap(([kind, nouns]) =>
    nouns.split('|').map((noun): [string, EntityKind] => [noun, kind]),
  ),
)
const links = new Map(
  linkTable
    .trim()
    .split('\n')
    .flatMap((entry) => {
      const [headers = '', target = ''] = entry.split(' : ')
      const [type = '', direction, kind] = target.split(' ')
      const link = { type, direction: direction as 'from' | 'to', kind: kind as EntityKind }
      return headers.split('|').map((header): [string, typeof link] => [header, link])
    }),
)

/** The kind of thing that a phrase ends in: `Output channels` are components, `CAN bus` is an interface. */
export function kindOfPhrase(phrase: string): { kind: EntityKind; noun: string } | undefined {
  const words = wordsOf(phrase)
  for (const count of [2, 1]) {
    const last = words.slice(-count).join(' ')
    for (const noun of [last, last.replace(/s$/, ''), last.replace(/ies$/, 'y'), last.replace(/es$/, '')]) {
      const kind = kinds.get(noun)
      // "The 5 V bus" is a supply.
      if (kind === 'INTERFACE' && /\d\s?V(?:DC)?\b|\dV\d/.test(phrase)) return { kind: 'RESOURCE', noun }
      if (kind !== undefined) return { kind, noun }
    }
  }
  return undefined
}

const verdicts =
  /^(?:pass(?:ed)?|fail(?:ed|ure)?|ok|nok|not ok|partial(?:ly)?|not \w+|open|blocked|inconclusive|n\/?a|compliant|non-?compliant|skipped|pending|deferred|aborted|planned|verified|met|satisfied|success(?:ful)?)\b|^[✓✔✅✗✘❌]/iu

export function isVerdict(text: string): boolean {
  return verdicts.test(text.trim())
}

function mostly(cells: readonly string[], test: (cell: string) => boolean): boolean {
  return cells.length > 0 && cells.filter(test).length * 2 >= cells.length
}

const isLong = (cell: string): boolean => cell.split(/\s+/).length > 7

/** The words of a header and the unit it names: `Nominal current (A)`, `inrush_current_ma`, `Mass, kg`. */
export function readHeader(header: string): { words: string[]; unit: Unit | undefined } {
  const bracketed = unitInHeader(header)
  const rest = (bracketed?.rest ?? header)
    .replace(/[([][^()[\]]*[)\]]/g, ' ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
  const words = wordsOf(rest.replace(/_/g, ' '))
  if (bracketed !== undefined) return { words, unit: bracketed.unit }
  const unit = words.length > 1 ? unitOfSuffix(words.at(-1) ?? '') : undefined
  const before = words.slice(0, -1)
  const fits =
    unit !== undefined &&
    (header.includes('_') || before.some(isParameterNoun)) &&
    parameterOf(before, unit, { needsNoun: false }) !== undefined
  return fits ? { words: before, unit } : { words, unit: undefined }
}

const measuring: [RegExp, SizeColumn][] = [
  [/^(?:as )?(?:measured|actual|observed|measurement|reading)(?: (?:value|result))?$/, { role: 'measured' }],
  [/^(?:(?:acceptance|pass|requirement) )?(?:limits?|criteri(?:on|a))$/, { role: 'limit' }],
  [/^(?:expected|required|specification|spec|allowed|acceptance)(?: (?:value|result))?$/, { role: 'limit' }],
  [/^(?:min|minimum|lower)(?: (?:value|limit))?$/, { role: 'value', bound: 'lower' }],
  [/^(?:max|maximum|upper)(?: (?:value|limit))?$/, { role: 'value', bound: 'upper' }],
  [/^(?:value|nominal|nom|typ|typical)(?: value)?$/, { role: 'value' }],
]
/** Part and serial numbers say which product is used, not which thing it is. */
const productNumber =
  /^(?:.* )?(?:part|serial|order|article|model|type|drawing) (?:no|nr|number|code)$|^(?:p n|pn|mpn)$/

/** What a column holds, from its header and its cells. */
export function classifyColumn(table: Table, index: number): Column {
  const cells = table.rows
    .slice(0, 200)
    .map((row) => row.cells[index]?.text.trim() ?? '')
    .filter((text) => !/^[-–—]?$/.test(text))
  const header = table.headers[index] ?? ''
  const { words, unit } = readHeader(header)
  const phrase = words.join(' ') || header.trim()
  const numeric = mostly(cells, (cell) => /^[≤≥<>=±~\s]*[-+−]?\d/.test(cell) || findMeasures(cell).length > 0)
  const verdict = mostly(cells, isVerdict)
  const sized = verdict ? undefined : measuring.find(([pattern]) => pattern.test(phrase))
  if (sized !== undefined) return { ...sized[1], unit }
  if (productNumber.test(phrase)) return { role: 'other' }
  const known = simple.get(phrase)
  if (phrase === 'result' && !verdict && numeric) return { role: 'measured', unit }
  if (known === 'verdict') return { role: verdict ? 'verdict' : 'other' }
  if (known === 'requirement' && mostly(cells, isLong)) return { role: 'text' }
  if (known !== undefined && unit === undefined) return { role: known }
  if (phrase === 'unit' && mostly(cells, (cell) => findMeasures(`1 ${cell}`).length === 1))
    return { role: 'unit' }
  const parameter = unit !== undefined || numeric ? quantityOf(words, unit, cells) : undefined
  if (parameter !== undefined) return { role: 'quantity', parameter, unit }
  if (unit !== undefined || mostly(cells, isLong)) return { role: 'text' }
  const link = links.get(phrase)
  if (link !== undefined) return { role: 'link', ...link }
  const stem = phrase.replace(/ (?:ids?|refs?|reference|designator|identifier|tag|no|number|name|code)$/, '')
  const kind = words.length > 3 ? undefined : kindOfPhrase(stem)
  return kind === undefined ? { role: 'other' } : { role: 'entity', ...kind }
}

function quantityOf(words: readonly string[], unit: Unit | undefined, cells: readonly string[]) {
  if (unit !== undefined) return parameterOf(words, unit, { needsNoun: false })
  const measures = cells.flatMap((cell) => measureOfCell(cell) ?? [])
  const [first] = measures
  if (first === undefined || measures.length * 2 < cells.length) return undefined
  const same = measures.every((measure) => measure.unit.dimension === first.unit.dimension)
  return same ? parameterOf(words, first.unit, { needsNoun: false }) : undefined
}
