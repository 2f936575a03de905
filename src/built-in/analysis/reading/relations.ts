import { isName, splitName } from '../language/names.ts'
import type { Statement } from '../parse/types.ts'
import { kindOfPhrase } from './columns.ts'
import type { Names } from './lexicon.ts'
import { addEntity, addLink, type EntityKind, type Model } from './model.ts'

/** Connections that plain sentences state: "The CAN bus connects the PDU to the OBC". */

/** Verb phrase, relationship, kind of the object where its name does not say. `<` turns the direction round. */
const verbTable = `
are (?:powered|supplied|fed) (?:by|from) = <powers RESOURCE
are (?:protected|guarded) by = <protects COMPONENT
are (?:controlled|driven|commanded|switched) by = <controls COMPONENT
are (?:provided|generated|produced) by = <provides COMPONENT
are carried (?:by|on|over) = <carries INTERFACE
are (?:part of|contained in|housed in|mounted in) = <contains SUBSYSTEM
are (?:connected|wired|linked|coupled) to = connects_to COMPONENT
(?:connect|mate|interface|plug|communicate) (?:to|with|into) = connects_to COMPONENT
power|feed|supply = powers COMPONENT
protect = protects COMPONENT
control|command|drive|switch = controls COMPONENT
carry|transmit|transport = carries SIGNAL
contain|comprise|house = contains COMPONENT
consist of = contains COMPONENT
provide|generate|produce = provides SIGNAL
consume|receive = consumes SIGNAL
require|need = requires RESOURCE
depend on = requires RESOURCE
connect = between INTERFACE`

interface Verb {
  pattern: RegExp
  type: string
  reversed: boolean
  kind: EntityKind
}

/** Third person; the bare verb, which is a noun as often, only behind "shall". */
function conjugated(phrase: string): string {
  if (phrase.startsWith('are ')) return `(?:is|are|shall be|must be) (?:\\w+ly )?${phrase.slice(4)}`
  const [, verbs = '', rest = ''] = /^(\(\?:[^)]*\)|[\w|]+(?= |$|\|))(.*)$/.exec(phrase) ?? []
  const third = verbs.replace(/[a-z]{3,}/g, (verb) =>
    /[^aeo]y$/.test(verb) ? verb.replace(/y$/, 'ies') : /ch$/.test(verb) ? `${verb}es` : `${verb}s`,
  )
  return `(?:(?:shall|must|will) (?:${verbs})|(?:${third}))${rest}`
}

const verbs: Verb[] = verbTable
  .trim()
  .split('\n')
  .map((entry) => {
    const [phrase = '', target = ''] = entry.split(' = ')
    const [type = '', kind] = target.split(' ')
    return {
      pattern: new RegExp(`^(.{2,80}?) (?:also |directly )?(?:${conjugated(phrase)}) (.{2,160})$`),
      type: type.replace('<', ''),
      reversed: type.startsWith('<'),
      kind: kind as EntityKind,
    }
  })

const stops =
  /\s+(?:at|with|via|through|by|on|over|in|for|from|when|while|during|that|which|who|if|using|as|under|where|so|because|until|unless|but|per|within|of)\s.*$/
const pronouns =
  /^(?:it|this|these|those|they|each|every|all|both|any|some|one|two|three|four|no|none|which|that|there|he|she|we|you|its|their|other)\b/i

interface Noun {
  name: string
  kind: EntityKind | undefined
  /** What it is called beside its name: "fuse" of "the fuse F1". */
  description?: string
}

/** The name in a noun phrase: written with a capital or a digit, or ending in a word for a kind of thing. */
function nounIn(phrase: string, names: Names, known: ReadonlyMap<string, unknown>): Noun | undefined {
  const text = phrase
    .replace(/^(?:the|a|an)\s+/i, '')
    .replace(/[.;:,!]+$/, '')
    .trim()
  const { name } = splitName(text)
  if (!isName(name) || pronouns.test(name) || name.split(/\s+/).length > 5 || /["“(]/.test(name))
    return undefined
  const kind = kindOfPhrase(name)?.kind
  if (known.has(names.idOf(name))) return { name, kind }
  // "The fuse F1" is F1.
  const [, noun = '', id] = /^((?:[A-Za-z]?[a-z-]+ ){1,3})([A-Z][A-Z0-9_-]*[A-Z0-9])$/.exec(name) ?? []
  const its = kindOfPhrase(noun)?.kind
  if (id !== undefined && (its !== undefined || known.has(names.idOf(id))))
    return { name: id, kind: its, description: noun.trim() }
  // A capital at the beginning of the sentence says nothing.
  const own = /^the\s/i.test(phrase) ? name : name.slice(1)
  const written = /^(?:[A-Z\d][\w+/.-]*\s?)+(?:[a-z]+)?$/.test(name) && /[A-Z\d]/.test(own)
  return written || (name.includes(' ') && kind !== undefined) ? { name, kind } : undefined
}

function listed(text: string): string[] {
  return text
    .replace(stops, '')
    .split(/\s*,\s*(?:and\s+)?|\s+(?:and|or)\s+|[;:(]/)
    .slice(0, 12)
}

/** "connects the PDU to the OBC", "connects the PDU, the OBC and the radio" */
function betweenEnds(object: string): string[] {
  const [one, other] = object.split(/ (?:to|and|with) (?=the |[A-Z])/)
  return other === undefined ? [] : [...listed(one ?? ''), ...listed(other)]
}

/** "up to 5 A to": an amount between a verb and what it feeds. */
const amount = /^(?:up to |about )?[\d.,]+\s?\S{1,6} (?:to|for) /

export function readSentenceRelations(model: Model, path: string, statement: Statement, names: Names): void {
  const text = statement.text.replace(/[.!]$/, '')
  if (text.length > 300 || /\b(?:not|no longer|never|would|could|e\.g\.|for example)\b/i.test(text)) return
  const place = { document: path, line: statement.line }
  const add = ({ name, kind, description = '' }: Noun, fallback: EntityKind): string => {
    const id = names.idOf(name)
    addEntity(model, {
      id,
      name: names.nameOf(name),
      kind: kind ?? fallback,
      description,
      place,
      weight: 1,
    })
    return id
  }
  for (const { pattern, type, reversed, kind } of verbs) {
    const [, before = '', behind = ''] = pattern.exec(text) ?? []
    const isBetween = type === 'between'
    const phrases = isBetween ? betweenEnds(behind) : listed(behind.replace(amount, ''))
    const subject = nounIn(before, names, model.entities)
    const objects = phrases.flatMap((phrase) => nounIn(phrase, names, model.entities) ?? [])
    if (subject === undefined || objects.length < (isBetween ? 2 : 1)) continue
    const from = add(subject, isBetween || type === 'carries' ? 'INTERFACE' : 'COMPONENT')
    for (const object of objects) {
      const to = add(object, isBetween ? 'COMPONENT' : kind)
      const ends = reversed ? { from: to, to: from } : { from, to }
      addLink(model, { type: isBetween ? 'connects_to' : type, ...ends, place })
    }
    return
  }
}
