import { findMeasures, type Measure } from '../language/measures.ts'
import { slugOf } from '../language/names.ts'
import { isParameterNoun, type Parameter, parameterOf, wordsOf } from '../language/parameters.ts'
import { lineAt, type Statement } from '../parse/types.ts'
import { sectionEntity } from './definitions.ts'
import { makeFact } from './facts.ts'
import type { Lexicon, Mention } from './lexicon.ts'
import type { Model } from './model.ts'

/** Sentences: what size they give to what, and what they say that one thing does to another. */

const boundary = new Set(
  'a an the of for at on in to from by with and or is are be has have shall must should will can may not its it this that these which as than each every all any both when while during after before under above below about limit limits provide provides draw draws exceed within maintain deliver delivers supply supplies accept accepts weigh weighs tolerate withstand operate operates set equal equals between up per if unless until over into via keep ensure support supports require requires reduce increase remain remains stay stays use uses'.split(
    ' ',
  ),
)
const following = new Set([
  'limit',
  'limits',
  'rating',
  'threshold',
  'budget',
  'allocation',
  'capacity',
  'capability',
  'drop',
  'trip',
])
const hedged =
  /\b(?:for example|e\.g\.|previous(?:ly)?|former(?:ly)?|instead of|rather than|such as|was|were|had|would|could|might|may|measured|observed|recorded|assum\w+|estimated?|example|if possible|historical(?:ly)?|superseded|proposed)\b/i
const general =
  /\b(?:each|every|all|any|both|either|per|respectively|others?|remaining|another|several|two|three|four)\b/i
const circumstances =
  /\b(?:when|while|during|after|before|under|if|unless|until|with|without|within|for|at|in|over|per|from|following|between)\b/i

const verbs: [RegExp, string, 'forward' | 'backward'][] = [
  [/\b(?:is|are) (?:powered|fed|supplied|energi[sz]ed) (?:by|from|via|through)\b/i, 'powers', 'backward'],
  [/\b(?:is|are) (?:controlled|commanded|switched|driven) (?:by|from|via)\b/i, 'controls', 'backward'],
  [/\b(?:is|are) (?:monitored|measured|sensed) by\b/i, 'monitors', 'backward'],
  [/\b(?:is|are) protected by\b/i, 'protects', 'backward'],
  [/\b(?:is|are) (?:carried|routed) (?:by|on|over|through|via)\b/i, 'carries', 'backward'],
  [/\b(?:is|are) (?:part of|mounted (?:in|on)|housed in|located (?:in|on))\b/i, 'contains', 'backward'],
  [
    /\b(?:is|are|shall be) (?:connected|wired|linked|attached) (?:to|with|via|through)\b/i,
    'connects_to',
    'forward',
  ],
  [/\b(?:power|powers|feed|feeds|supply|supplies|energi[sz]e[sd]?)\b/i, 'powers', 'forward'],
  [/\b(?:control|controls|command|commands|switch|switches|drive|drives)\b/i, 'controls', 'forward'],
  [/\b(?:monitor|monitors|sense|senses|measures)\b/i, 'monitors', 'forward'],
  [/\b(?:protect|protects)\b/i, 'protects', 'forward'],
  [/\b(?:connect|connects|interface|interfaces|mates?) (?:to|with)\b/i, 'connects_to', 'forward'],
  [/\b(?:carry|carries|convey|conveys|routes?)\b/i, 'carries', 'forward'],
  [/\b(?:contain|contains|include|includes|comprises?|consists? of|houses?)\b/i, 'contains', 'forward'],
  [/\b(?:draws?|consumes?) (?:\w+ ){0,4}from\b/i, 'powers', 'backward'],
  [/\b(?:provide|provides|generates?|outputs|transmits?|sends|asserts)\b/i, 'provides', 'forward'],
  [/\b(?:consume|consumes|receives?|reads)\b/i, 'consumes', 'forward'],
  [/\b(?:require|requires|depends on|needs)\b/i, 'requires', 'forward'],
]

interface Phrase {
  words: string[]
  start: number
  end: number
}

interface Word {
  word: string
  start: number
  end: number
}

function wordsWithPlaces(text: string): Word[] {
  return [...text.matchAll(/[\p{L}\d_][\p{L}\d_-]*/gu)].map((match) => ({
    word: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }))
}

/** `current limit`, `inrush current`, `hold-up time`: a noun of measurement with the words that narrow it. */
function parameterPhrases(text: string, mentions: readonly Mention[]): Phrase[] {
  const words = wordsWithPlaces(text)
  const named = (word: Word): boolean =>
    mentions.some((mention) => word.start >= mention.start && word.end <= mention.end)
  const adjacent = (one: Word, next: Word): boolean => /^[\s-]*$/.test(text.slice(one.end, next.start))
  const phrases: Phrase[] = []
  for (let index = 0; index < words.length; index += 1) {
    const noun = words[index] as Word
    if (!isParameterNoun(noun.word) || named(noun)) continue
    let first = index
    while (first > 0 && index - first < 4) {
      const [before, after] = [words[first - 1] as Word, words[first] as Word]
      if (boundary.has(before.word) || named(before) || !adjacent(before, after) || /\d/.test(before.word))
        break
      first -= 1
    }
    let last = index
    while (last + 1 < words.length && last - index < 2) {
      const [current, next] = [words[last] as Word, words[last + 1] as Word]
      if (!(following.has(next.word) || isParameterNoun(next.word)) || !adjacent(current, next)) break
      last += 1
    }
    phrases.push({
      words: wordsOf(
        words
          .slice(first, last + 1)
          .map(({ word }) => word)
          .join(' '),
      ),
      start: words[first]?.start ?? 0,
      end: words[last]?.end ?? 0,
    })
    index = last
  }
  return phrases
}

function verbParameter(text: string, measure: Measure): Parameter | undefined {
  const before = text.slice(Math.max(0, measure.start - 40), measure.start)
  if (/\b(?:draws?|consumes?)\s+(?:(?:up to|at most|about|no more than|not more than)\s+)?$/i.test(before))
    return parameterOf([], measure.unit, { needsNoun: false })
  if (/\brated\s+(?:for|at|to)\s+(?:up to\s+)?$/i.test(before))
    return parameterOf(['rated'], measure.unit, { needsNoun: false })
  if (
    /\bweighs?\s+(?:(?:up to|at most|about|no more than|not more than)\s+)?$/i.test(before) &&
    measure.unit.dimension === 'mass'
  )
    return parameterOf(['mass'], measure.unit, { needsNoun: true })
  return undefined
}

/** Pairs of what is measured and its size, as the sentence puts them together. */
function sizedParameters(
  text: string,
  mentions: readonly Mention[],
): { parameter: Parameter; measure: Measure; start: number }[] {
  const measures = findMeasures(text).filter(
    (measure) => !mentions.some((mention) => measure.start >= mention.start && measure.start < mention.end),
  )
  if (measures.length === 0) return []
  const phrases = parameterPhrases(text, mentions)
  return measures.flatMap((measure, index) => {
    const from = measures[index - 1]?.end ?? 0
    // The nearest phrase before the size and after the one before it.
    const phrase = phrases
      .filter(({ start, end }) => start >= from && end <= measure.end && measure.start - end < 80)
      .at(-1)
    const parameter =
      phrase === undefined
        ? verbParameter(text, measure)
        : parameterOf(phrase.words, measure.unit, { needsNoun: true })
    return parameter === undefined ? [] : [{ parameter, measure, start: phrase?.start ?? measure.start }]
  })
}

/** The slug of what the sentence says about when it holds. */
function conditionOf(text: string, measure: Measure): string {
  const lead = /^(?:when|while|during|after|before|under|if|at|in|with|for|following|on)\b[^,]{0,120},/i.exec(
    text,
  )
  const after = text.slice(measure.end)
  const tail = circumstances.exec(after)
  return slugOf([lead?.[0] ?? '', tail === null ? '' : after.slice(tail.index)].join(' '))
}

function subjectOf(
  model: Model,
  statement: Statement,
  mentions: readonly Mention[],
  parameterStart: number,
  measure: Measure,
): string | undefined {
  const system = slugOf(model.system)
  const others = [
    ...new Map(mentions.filter(({ id }) => id !== system).map((mention) => [mention.id, mention])).values(),
  ]
  const [only] = others
  if (only !== undefined && others.length === 1) return only.id
  if (others.length > 1) {
    const between = statement.text.slice(parameterStart, measure.start)
    const owned = others.find(
      (mention) =>
        mention.start > parameterStart &&
        mention.start < measure.start &&
        /\b(?:of|for|at|on)\s+(?:the\s+)?(?:\w+\s+)?$/i.test(
          statement.text.slice(parameterStart, mention.start),
        ),
    )
    if (owned !== undefined && between !== '') return owned.id
    return only !== undefined && /^(?:the\s+)?(?:[\w-]+\s+){0,2}$/i.test(statement.text.slice(0, only.start))
      ? only.id
      : undefined
  }
  const about = sectionEntity(model, statement.section)
  if (about !== undefined && about !== system) return about
  if (mentions.length > 0) return system
  const phrase =
    /^(?:[\w.-]{2,40}[:\s]\s*)?the ([a-z][\w -]{2,50}?) (?:shall|must|is|has|draws|weighs|provides)\b/i.exec(
      statement.text,
    )?.[1]
  if (phrase !== undefined) return slugOf(phrase)
  return /^[A-Z][A-Za-z0-9 /_()-]{0,40}:\s/.test(statement.text) ? (about ?? system) : undefined
}

/** Sizes in a sentence. `text` of a requirement comes without its id. */
export function readSentenceFacts(
  model: Model,
  document: string,
  statement: Statement,
  lexicon: Lexicon,
): void {
  const { text } = statement
  if (!/\d/.test(text) || text.length > 2000 || hedged.test(text)) return
  const mentions = lexicon.mentions(text)
  for (const { parameter, measure, start } of sizedParameters(text, mentions)) {
    const upTo = text.slice(0, measure.end)
    const derating = /\bderat/i.test(text) && measure.unit.symbol === '%'
    if (derating || general.test(upTo)) continue
    const entity = subjectOf(model, statement, mentions, start, measure)
    if (entity === undefined) continue
    const fact = makeFact({
      entity,
      parameter,
      measure,
      text: text.slice(measure.start, measure.end).trim(),
      condition: conditionOf(text, measure),
      modality: /\b(?:shall|must)\b/i.test(text) ? 'required' : 'stated',
      place: { document, line: lineAt(statement, measure.end - 1) },
      table: undefined,
    })
    if (fact !== undefined) model.facts.push(fact)
  }
}

/** "Rails shall be derated to 80 %": how much of a rating may be used. */
export function readDerating(model: Model, document: string, statement: Statement, lexicon: Lexicon): void {
  const { text } = statement
  if (!/\bderat/i.test(text) || text.length > 2000) return
  const measures = findMeasures(text).filter(({ unit }) => unit.symbol === '%')
  const share = measures[0]?.value ?? measures[0]?.upper
  if (
    measures.length !== 1 ||
    share === undefined ||
    share < 0.3 ||
    share >= 1 ||
    /\bderat\w*\s+by\b/i.test(text)
  )
    return
  const place = { document, line: lineAt(statement, measures[0]?.end ?? 0) }
  const named = [...new Set(lexicon.mentions(text).map(({ id }) => id))].filter(
    (id) => id !== slugOf(model.system),
  )
  const supplies = /\b(?:rails?|suppl(?:y|ies)|power bus(?:es)?)\b/i.test(text)
  const entities = named.length > 0 ? named : supplies ? ['*'] : []
  for (const entity of entities) model.deratings.push({ entity, factor: share, text, place })
}

/** What one thing does to the next one that the sentence names; lists ("A, B and C") share their verb. */
export function readSentenceRelations(
  model: Model,
  document: string,
  statement: Statement,
  lexicon: Lexicon,
): void {
  const { text } = statement
  if (text.length > 2000 || /\b(?:not|no|never|without|instead)\b/i.test(text)) return
  const mentions = lexicon.mentions(text)
  let verb: (typeof verbs)[number] | undefined
  let subject: string | undefined
  for (let index = 1; index < mentions.length; index += 1) {
    const [before, here] = [mentions[index - 1] as Mention, mentions[index] as Mention]
    const between = text.slice(before.end, here.start)
    if (between.length > 80 || /[;.]\s/.test(between)) {
      verb = undefined
      continue
    }
    const found = verbs.find(([pattern]) => pattern.test(between))
    if (found !== undefined) {
      verb = found
      subject = before.id
    } else if (
      verb === undefined ||
      !/^\s*(?:,|and|or|,\s*and|&|\/)\s*(?:the\s+)?(?:[a-z]+\s+)?$/i.test(between)
    ) {
      verb = undefined
      continue
    }
    if (verb === undefined || subject === undefined || subject === here.id) continue
    const [from, to] = verb[2] === 'forward' ? [subject, here.id] : [here.id, subject]
    model.relationships.push({
      type: verb[1],
      from,
      to,
      place: { document, line: lineAt(statement, here.start) },
    })
  }
}
