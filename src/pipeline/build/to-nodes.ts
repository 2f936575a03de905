import { isForbiddenMember } from '../../expressions/index.ts'
import type { MapEntry, Node, ScalarNode } from '../nodes/nodes.ts'
import { hasExpression, parseTemplate } from '../nodes/template.ts'
import { graphLimits } from '../plan/graph-limits.ts'
import { entry, map, offsetOf, scalar, standIn, type Where } from './building.ts'
import { type Cel, celSource } from './cel.ts'
import { type Expression, expressionOf } from './expression.ts'
import { kindOf } from './plain-data.ts'

/** As of a file; `bytes` are those of one value. */
const limits = { nodes: graphLimits.values, depth: 32, bytes: 1024 * 1024 } as const

/** What a conversion has behind it. */
interface Conversion {
  where: Where
  /** The objects around the present one. */
  open: Set<unknown>
  /** A limit was reached: nothing more is read. */
  stopped: boolean
  bytes: number
}

/** A value of the user's program as nodes: expressions become `${{ … }}`, and text that looks like one stays text. */
export function toNode(where: Where, value: unknown): Node | undefined {
  const conversion: Conversion = { where, open: new Set(), stopped: false, bytes: 0 }
  const node = convert(conversion, value, 0)
  if (conversion.bytes > limits.bytes)
    report(
      where,
      'literal_too_large',
      `a value of ${conversion.bytes} bytes; at most ${limits.bytes} are allowed`,
      'pass it as an input, push it as a document, or let a step make it',
    )
  return node
}

function report({ building, mark }: Where, code: string, message: string, fix: string): void {
  building.report({ code, message, fix, mark })
}

function stop(conversion: Conversion, code: string, message: string, fix: string): undefined {
  if (!conversion.stopped) report(conversion.where, code, message, fix)
  conversion.stopped = true
  return undefined
}

function convert(conversion: Conversion, value: unknown, depth: number): Node | undefined {
  const { where } = conversion
  if (conversion.stopped) return undefined
  where.building.size += 1
  if (where.building.size > limits.nodes)
    return stop(
      conversion,
      'too_many_values',
      `more than ${limits.nodes} values`,
      'pass large data as an input or a document',
    )
  if (depth > limits.depth)
    return stop(
      conversion,
      'too_deep',
      `nested deeper than ${limits.depth} levels`,
      'flatten the value, or pass it as an input',
    )
  const found = expressionOf(value)
  if (found) return expressionNode(where, found)
  const kind = kindOf(value)
  if (typeof kind === 'object') {
    report(where, 'not_json', `${kind.what} is nothing that JSON can carry`, kind.fix)
    return standIn(where.building, where.mark)
  }
  switch (kind) {
    case 'text':
      return textNode(conversion, value as string)
    case 'number': {
      const number = value as number
      conversion.bytes += 8
      return scalar(where.building, Object.is(number, -0) ? 0 : number, where.mark)
    }
    case 'boolean':
    case 'null':
      return scalar(where.building, value as boolean | null, where.mark)
    case 'list':
    case 'map':
      return collection(conversion, kind, value as object, depth)
    case 'step':
      report(where, 'step_as_value', 'a step is no value', 'name one of its outputs: step.outputs.NAME')
      return standIn(where.building, where.mark)
    case 'undefined':
      report(where, 'not_json', 'undefined is nothing that JSON can carry', 'give null, or leave it out')
      return standIn(where.building, where.mark)
    case 'expression':
      return undefined
  }
}

function collection(
  conversion: Conversion,
  kind: 'list' | 'map',
  value: object,
  depth: number,
): Node | undefined {
  const { where, open } = conversion
  if (open.has(value)) {
    report(where, 'not_json', 'a value that contains itself is nothing that JSON can carry', 'write it out')
    return standIn(where.building, where.mark)
  }
  open.add(value)
  const start = offsetOf(where.building, where.mark)
  const made: Node =
    kind === 'list'
      ? {
          kind,
          items: Array.from(value as unknown[]).flatMap((item) => convert(conversion, item, depth + 1) ?? []),
          start,
          end: start,
        }
      : map(where.building, where.mark, () => entries(conversion, value, depth))
  open.delete(value)
  return { ...made, end: offsetOf(where.building, where.mark) }
}

function entries(conversion: Conversion, value: object, depth: number): MapEntry[] {
  const { where } = conversion
  return Object.entries(value).flatMap(([key, part]) => {
    if (part === undefined || conversion.stopped) return []
    if (isForbiddenMember(key)) {
      report(where, 'forbidden_key', `the key \`${key}\` is not allowed`, 'choose another name')
      return []
    }
    conversion.bytes += key.length
    return entry(where.building, key, where.mark, () => convert(conversion, part, depth + 1))
  })
}

function textNode(conversion: Conversion, value: string): ScalarNode {
  const { where } = conversion
  conversion.bytes += value.length > limits.bytes ? Buffer.byteLength(value) : value.length
  checkText(where, value)
  return scalar(where.building, where.constant ? value : literalText(value), where.mark)
}

function checkText(where: Where, value: string): void {
  if (value.isWellFormed()) return
  const message = 'this text holds half of a surrogate pair, which is not a character'
  report(where, 'bad_text', message, 'write the whole character')
}

/** Text that is nothing but itself, whatever is in it. */
function literalText(value: string): string {
  return hasExpression(value) ? value.replaceAll('${{', `\${{ "\${{" }}`) : value
}

function expressionNode(where: Where, found: Expression): ScalarNode {
  if (!isOfHere(where, found)) return standIn(where.building, found.mark)
  if (where.constant) {
    const message = `\`${celSource(found.cel)}\` has no value before the pipeline runs, and it is needed then`
    where.building.report({
      code: 'expression_not_allowed',
      message,
      fix: 'write the value itself',
      mark: found.mark,
    })
    return standIn(where.building, found.mark)
  }
  for (const step of found.reads) where.reads(step)
  const at = { ...where, mark: found.mark }
  if (!found.text) return scalar(where.building, marked(at, found.cel), found.mark)
  const [only] = found.text
  // In a pair of marks of its own it would keep its type; a secret is text, and may stand nowhere else.
  if (
    found.text.length === 1 &&
    only &&
    typeof only !== 'string' &&
    !/^secrets\.\w+$/.test(celSource(only.cel))
  )
    return scalar(where.building, marked(at, found.cel), found.mark)
  const parts = found.text.map((part) => {
    if (typeof part !== 'string') return marked(at, part.cel)
    checkText(at, part)
    return literalText(part)
  })
  return scalar(where.building, parts.join(''), found.mark)
}

/** CEL between its marks. What would end them early is refused: it would become text. */
function marked(where: Where, made: Cel): string {
  const source = celSource(made)
  const whole = `\${{ ${source} }}`
  const { parts, error } = parseTemplate(whole)
  const [only] = parts
  if (!error && !(parts.length === 1 && only?.kind === 'expression' && only.source === source))
    report(where, 'expression_syntax', 'this CEL has a `}}` that ends it', 'check its quotes and brackets')
  return whole
}

function isOfHere({ building, item }: Where, found: Expression): boolean {
  const source = celSource(found.cel)
  const { mark } = found
  if ([...found.buildings].some((each) => each !== building)) {
    const message = `\`${source}\` is a value of another pipeline`
    building.report({ code: 'foreign_expression', message, fix: 'pass it as an input', mark })
    return false
  }
  if ([...found.items].every((each) => each === item)) return true
  building.report({
    code: 'foreign_item',
    message: `\`${source}\` is an item of another step`,
    fix: 'use it only in what the function of its step.each returns',
    mark,
  })
  return false
}
