import { binding, bound, type Cel, cel, joined, numeral, quoted } from './cel.ts'
import { type Expression, expression, expressionOf } from './expression.ts'
import { BuilderError } from './mistakes.ts'
import type { Mark } from './place.ts'
import { kindOf } from './plain-data.ts'

/** Text with values in it as CEL: `"a " + string(b)`. */
export function textAsCel(parts: readonly (string | Expression)[]): Cel {
  const sums = parts.map((part) =>
    typeof part === 'string'
      ? cel(binding.member, quoted(part))
      : cel(binding.member, 'string(', part.cel, ')'),
  )
  const [only] = sums
  if (sums.length === 1 && only) return only
  return sums.length === 0 ? cel(binding.member, '""') : cel(binding.sum, ...joined(sums, ' + '))
}

/** What a helper was given as CEL, and what it reads. @throws BuilderError for what is neither an expression nor data */
export function operand(value: unknown, mark: Mark): Expression {
  const reads: Expression[] = []
  const open = new Set<unknown>()
  const refuse = (what: string, fix: string): never => {
    throw new BuilderError({ code: 'not_json', message: `${what} cannot stand in an expression`, fix, mark })
  }
  const visit = (part: unknown): Cel => {
    const found = expressionOf(part)
    if (found) {
      reads.push(found)
      return found.cel
    }
    const kind = kindOf(part)
    if (typeof kind === 'object') return refuse(kind.what, kind.fix)
    switch (kind) {
      case 'text':
        return cel(binding.member, quoted(part as string))
      case 'number':
        return numeral(part as number)
      case 'boolean':
      case 'null':
        return cel(binding.member, String(part))
      case 'list':
      case 'map': {
        if (open.has(part)) return refuse('a value that contains itself', 'write it out')
        open.add(part)
        const made = kind === 'list' ? listCel(part as unknown[], visit) : mapCel(part as object, visit)
        open.delete(part)
        return made
      }
      case 'step':
        return refuse('a step', 'name one of its outputs: step.outputs.NAME')
      case 'undefined':
        return refuse('undefined', 'give null, or a value')
      case 'expression':
        return refuse('an expression of another kind', 'give an expression')
    }
  }
  const made = visit(value)
  return expression(made, mark, reads)
}

function listCel(items: readonly unknown[], visit: (part: unknown) => Cel): Cel {
  return cel(binding.member, '[', ...joined([...items].map(visit), ', '), ']')
}

function mapCel(map: object, visit: (part: unknown) => Cel): Cel {
  const entries = Object.entries(map)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => cel(binding.choice, `${quoted(key)}: `, visit(value)))
  return cel(binding.member, '{', ...joined(entries, ', '), '}')
}

/** Operands joined by an operator that binds `binds`; each has to bind more strongly, or as strongly where the order means nothing. */
export function operation(
  operator: string,
  binds: number,
  values: readonly unknown[],
  mark: Mark,
  atLeast: number = binds + 1,
): Expression {
  const operands = values.map((value) => operand(value, mark))
  const sides = operands.map((side) => bound(side.cel, atLeast))
  return expression(cel(binds, ...joined(sides, ` ${operator} `)), mark, operands)
}
