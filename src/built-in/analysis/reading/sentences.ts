import { findMeasures, type Measure } from '../language/measures.ts'
import { isParameterNoun, parameterOf, wordsOf } from '../language/parameters.ts'
import { lineAt, type Statement } from '../parse/types.ts'
import { makeFact } from './facts.ts'
import type { Lexicon, Mention } from './lexicon.ts'
import type { Fact, Model } from './model.ts'
import { obligation } from './shapes.ts'
import { subjectOf } from './tables.ts'

/** Sizes that sentences give: "The feed pump draws 3.2 A at 24 V". */

/** Sentences about other times, other cases or other things than the design as it is. */
const hypothetical =
  /\b(?:was|were|had|previous(?:ly)?|earlier|former(?:ly)?|originally|instead of|e\.g\.|for example|for instance|would|could|should|might|may|if|unless|until|typically|measured|test(?:ed|s)?|simulat\w+|compared|than the|increase[ds]?|reduce[ds]?|changed?|differs?|not|except|every|each|either|alternat\w+|future|option(?:al)?(?:ly)?)\b/i

/** Verbs and nouns that say what a size is of, where no noun does. */
const implied: [RegExp, string, RegExp?][] = [
  [/\b(?:draws?|consumes?|takes?|needs?|uses?)$/, '', /^(?:current|power|flow|mass-flow)$/],
  [/\b(?:suppl(?:y|ies)|delivers?|provides?|sources?)$/, 'rated', /^(?:current|power)$/],
  [/\bweighs?$/, 'mass'],
  [/\b(?:rated|rating)(?: (?:for|at|to|of))?$/, 'rated'],
  [/\blimited to$/, 'limit'],
  [/\b(?:operates?|runs?|works?|transmits?|sends?|communicates?) at$/, ''],
  [/\b(?:fused|fuse|breaker)(?: (?:of|at|rated|with))?$/, 'limit'],
]

const articles =
  /\b(?:the|an?|of|its|is|are|has|have|with|shall|must|be|and|no|more|less|than|exceed|at|most|least|up|to|within|limited|between|remain|stay|deliver|provide|provides|delivers|withstand|operate|operates|from|about|approximately|around|roughly|nearly|weigh|weighs)\b/gi

/** What "shall deliver 20 l/min" asks for is no exact value; what "shall be 24 V" asks for is. */
const exact = /\b(?:shall|must) (?:be|have|weigh|operate at|run at|work at|communicate at)\b/i

interface Clause {
  /** Words between the subject and the size, or of the subject itself: "the mass of the pump". */
  phrase: string
  before: string
}

function clauseOf(text: string, subject: Mention, measure: Measure, from: number): Clause | undefined {
  const start = Math.max(from, 0)
  const before = text.slice(start, measure.start)
  if (/[;:]|\bwhile\b|\bwhereas\b|\bbut\b/.test(before)) return undefined
  const phrase =
    subject.end <= measure.start && subject.start >= start
      ? `${text.slice(start, subject.start)} ${text.slice(subject.end, measure.start)}`
      : before
  return { phrase, before: before.trimEnd() }
}

/** What a size is subject to: "at 24 V", "during start-up", "in standby mode"; of supply voltages only their value. */
function conditionOf(text: string, subject: Mention, measure: Measure, next: Measure | undefined): string {
  const lead = /^\s*(?:when|while|during|after|before|in|at|under|for|with|over)\b/i
  const after = text.slice(measure.end)
  const behind = lead.test(after) ? after.replace(/[.;].*$/, '') : ''
  const front = lead.test(text) ? text.slice(0, subject.start) : ''
  const between = text.slice(measure.end, next?.start ?? measure.end)
  const supply = next?.unit.dimension === 'voltage' && /^\s*(?:at|from|on)\s+(?:a |the )?$/.test(between)
  return `${front} ${supply ? '' : behind}`.trim().toLowerCase()
}

function parameterIn(clause: Clause, measure: Measure) {
  const words = wordsOf(clause.phrase.replace(articles, ' '))
  const verb = implied.find(([pattern]) =>
    pattern.test(clause.before.replace(/\s+(?:an?|the|up to|about|at most)$/i, '')),
  )
  const named = words.some(isParameterNoun)
  if (words.length > 6 || (!named && verb === undefined)) return undefined
  if (named) return parameterOf(words, measure.unit, { needsNoun: true })
  const [, word = '', dimension = /./] = verb ?? []
  return dimension.test(measure.unit.dimension)
    ? parameterOf(wordsOf(word), measure.unit, { needsNoun: false })
    : undefined
}

/** Sizes of the one thing that a sentence is about. */
export function readSentenceFacts(
  model: Model,
  document: string,
  statement: Statement,
  lexicon: Lexicon,
  origin: Fact['origin'] = obligation.test(statement.text) ? 'requirement' : 'design',
): void {
  const { text } = statement
  if (text.length > 400 || !/\d/.test(text) || hypothetical.test(text.replace(/\bnot exceed\b/i, ''))) return
  const mentions = lexicon.mentions(text)
  // The 5 V of "the 5 V bus" is a part of its name.
  const measures = findMeasures(text).filter(
    ({ start, end }) => !mentions.some((mention) => mention.start < end && start < mention.end),
  )
  const [subject] = mentions
  if (subject === undefined) return
  let from = 0
  for (const [index, measure] of measures.entries()) {
    const clause = clauseOf(text, subject, measure, from)
    from = measure.end
    // "at 24 V" is a condition of the size before it.
    const others =
      measure.start < subject.start ||
      mentions.some(({ id, start }) => id !== subject.id && start < measure.start)
    const loose = origin === 'requirement' && measure.value !== undefined && !exact.test(text)
    if (clause === undefined || others || loose || (index > 0 && !/\band\b|,/.test(clause.before))) continue
    const parameter = parameterIn(clause, measure)
    const fact = parameter && {
      entity: subject.id,
      parameter,
      measure,
      condition: conditionOf(text, subject, measure, measures[index + 1]),
      origin,
      place: { document, line: lineAt(statement, measure.start) },
    }
    const made = fact && makeFact(fact)
    if (made !== undefined) model.facts.push(made)
  }
}

const derates = /\bderat\w+ (?!by\b|of\b)|\bof (?:the|its|their) (?:\w+ )?(?:rating|rated|limit|capacity)/i

/** "All fuses are derated to 80 %", "loads shall not exceed 75 % of the rating". */
export function readDerating(model: Model, document: string, statement: Statement, lexicon: Lexicon): void {
  const { text } = statement
  if (text.length > 300 || !derates.test(text)) return
  const shares = findMeasures(text).filter(({ unit }) => unit.dimension === 'ratio')
  const [measure] = shares
  const share = measure?.value ?? measure?.upper
  if (shares.length !== 1 || share === undefined || share <= 0 || share >= 1) return
  const entity = lexicon.mentions(text)[0]?.id ?? subjectOf(statement.section, lexicon)
  const place = { document, line: lineAt(statement, measure?.start ?? 0) }
  model.deratings.push({
    entity: /\b(?:all|any|every|each)\b/i.test(text) ? undefined : entity,
    factor: share,
    place,
  })
}
