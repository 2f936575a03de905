import { type Json, jsonBytes, setOwn } from '../../base/json.ts'
import type { Reporter } from '../nodes/findings.ts'
import { entryOf, type MapEntry } from '../nodes/nodes.ts'
import { graphLimits } from '../plan/graph-limits.ts'
import { knownItems } from '../plan/known-items.ts'
import type { PlanStep, PlanValue } from '../plan/types.ts'

/** What a run refuses however it goes: found here, from what is known before it. */

export interface SizeProblem {
  step: string
  field: 'for_each' | 'config'
  code: 'for_each_too_long' | 'config_too_large'
  message: string
  fix: string
}

type Sized = Pick<PlanStep, 'id' | 'needs' | 'if' | 'forEach' | 'config'>

/** Of a file's steps, at the fields in question. */
export function checkSizes(steps: readonly MapEntry[], compiled: readonly Sized[], reporter: Reporter): void {
  const byId = new Map(steps.map((step) => [step.key, step]))
  for (const { step, field, code, message, fix } of sizeProblems(compiled)) {
    const entry = byId.get(step)
    const offset = (entry && entryOf(entry.value, field)?.keyStart) ?? entry?.keyStart ?? 0
    reporter.add({ code, offset, message, fix })
  }
}

/** Each at a field of a step. */
export function sizeProblems(steps: readonly Sized[]): SizeProblem[] {
  return [...itemProblems(steps), ...steps.flatMap(configProblem)]
}

/** Whichever of two comes later in a run is refused there; here it is the one that stands later. */
function itemProblems(steps: readonly Sized[]): SizeProblem[] {
  const limit = graphLimits.jobRuns
  const perhaps = stepsThatMayNotRun(steps)
  let together = 0
  return steps.flatMap((step): SizeProblem[] => {
    const { id } = step
    const items = knownItems(step) ?? 0
    // One item is never refused. What is refused counts for nothing.
    if (items < 2) return []
    if (items <= limit && perhaps.has(id)) return []
    const sum = together + items
    if (items <= limit && sum <= limit) {
      together = sum
      return []
    }
    const others = items > limit ? '' : `, which makes ${sum} with those of other steps`
    return [
      {
        step: id,
        field: 'for_each',
        code: 'for_each_too_long',
        message: `\`for_each\` has ${items} items${others}; the limit of job runs of a pipeline run is ${limit}`,
        fix: 'have each item do more, or run parts of the list in steps that run a pipeline',
      },
    ]
  })
}

/** Those with a condition, and what needs them. */
function stepsThatMayNotRun(steps: readonly Sized[]): ReadonlySet<string> {
  const dependents = new Map<string, string[]>(steps.map(({ id }) => [id, []]))
  for (const { id, needs } of steps) for (const need of needs) dependents.get(need)?.push(id)
  const found = new Set(steps.filter((step) => step.if).map(({ id }) => id))
  // A set is walked with what is added meanwhile.
  for (const id of found) for (const dependent of dependents.get(id) ?? []) found.add(dependent)
  return found
}

function configProblem({ id, config }: Sized): SizeProblem[] {
  if (!config) return []
  const limit = graphLimits.configBytes
  const bytes = jsonBytes(smallestOf(config))
  if (bytes <= limit) return []
  return [
    {
      step: id,
      field: 'config',
      code: 'config_too_large',
      message: `\`config\` has ${isKnown(config) ? '' : 'at least '}${bytes} bytes as JSON; the limit is ${limit}`,
      fix: 'move large data into documents, or into an output of a step before it',
    },
  ]
}

/** No value of its expressions makes a smaller one. */
function smallestOf(value: PlanValue): Json {
  switch (value.kind) {
    case 'literal':
      return value.value
    case 'expression':
    case 'output':
      return 0
    case 'text':
      return value.parts.filter((part) => typeof part === 'string').join('')
    case 'secret':
      return value.parts.map((part) => (typeof part === 'string' ? part : 0))
    case 'list':
      return value.items.map(smallestOf)
    case 'object': {
      const result: Record<string, Json> = {}
      for (const entry of value.entries) setOwn(result, entry.key, smallestOf(entry.value))
      return result
    }
  }
}

const isKnown = ({ kind }: PlanValue): boolean => kind === 'literal'
