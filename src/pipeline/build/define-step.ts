import type { MapEntry, Node } from '../nodes/nodes.ts'
import { add, type Bits, has, join, meet, noBits } from '../plan/bits.ts'
import { entry, map, type OpenBuilding, offsetOf, scalar, type Where } from './building.ts'
import { binding, cel, member } from './cel.ts'
import { expression, expressionOf, type ItemScope, lift, type StepRecord } from './expression.ts'
import { BuilderError } from './mistakes.ts'
import { type AnyPipeline, isPipeline } from './pipeline.ts'
import { type Mark, markCaller, placeOf } from './place.ts'
import { kindOf } from './plain-data.ts'
import { stepHandle, stepOf } from './step-record.ts'
import type { DefineStep, Step } from './step-types.ts'
import { toNode } from './to-nodes.ts'

/** The fields of a step by the names that a file has for them. */
const fieldNames: ReadonlyMap<string, string> = new Map([
  ['jobType', 'job_type'],
  ['jobId', 'job_id'],
  ['maxParallel', 'max_parallel'],
  ['onFailure', 'on_failure'],
  ['whenFull', 'when_full'],
  ['catchUp', 'catch_up'],
])

/** Names of a file as who writes code knows them. */
export function inCode(text: string): string {
  const names = [...fieldNames].reduce(
    (all, [code, file]) => all.replaceAll(`\`${file}\``, `\`${code}\``),
    text,
  )
  return names.replaceAll('`for_each`', '`step.each`')
}

/** The function `step` of a pipeline. */
export function createDefineStep(building: OpenBuilding): DefineStep {
  const step = (name: string, options: unknown): Step =>
    addStep(building, { name, mark: markCaller(step), options: () => options })
  const each = (name: string, list: unknown, define: (item: unknown, index: unknown) => unknown): Step => {
    const mark = markCaller(each)
    const item: ItemScope = {}
    const variable = (called: string) =>
      lift(
        expression(cel(binding.member, called), mark, [
          { items: new Set([item]), buildings: new Set([building]) },
        ]),
      )
    const options = () => {
      if (typeof define === 'function') return define(variable('item'), variable('index'))
      throw new BuilderError({
        code: 'wrong_type',
        message: 'step.each takes a function that returns the step',
        fix: 'write step.each(name, list, (item) => ({ … }))',
        mark,
      })
    }
    return addStep(building, { name, mark, options, list, item })
  }
  return Object.assign(step, { each }) as unknown as DefineStep
}

/** For each of the pipelines that a pipeline names a function that adds a step which runs it. */
export function createRunPipeline(building: OpenBuilding, pipelines: unknown): Record<string, unknown> {
  const named = typeof pipelines === 'object' && pipelines !== null ? Object.entries(pipelines) : []
  return Object.fromEntries(
    named.map(([key, pipeline]) => {
      const run = (name: string, options: object | undefined): Step =>
        addStep(building, { name, mark: markCaller(run), options: () => ({ ...options, pipeline }) })
      return [key, run]
    }),
  )
}

interface Definition {
  name: string
  mark: Mark
  options(): unknown
  list?: unknown
  item?: ItemScope
}

function addStep(building: OpenBuilding, definition: Definition): Step {
  const { name, mark } = definition
  if (!building.open)
    throw new BuilderError({
      code: 'pipeline_closed',
      message: `step \`${name}\` is defined after the function of its pipeline has returned`,
      fix: 'define every step in that function, without `await`',
      mark,
    })
  const keyStart = offsetOf(building, mark)
  const place = building.steps.length + building.repeated.length
  const own: OwnNeeds = { needs: [], place }
  const value = describeStep(building, definition, own)
  const record: StepRecord = {
    building,
    name: String(name),
    needs: own.needs,
    place,
    before: doneBefore(building, own),
  }
  const first = building.records.get(record.name)
  if (first) {
    building.repeated.push({ key: record.name, keyStart, value })
    const lines = `first in line ${placeOf(first.mark).line}, again in line ${placeOf(mark).line}`
    const message = `two steps are named \`${record.name}\`: ${lines}`
    building.report({ code: 'duplicate_key', message, fix: 'rename or remove one of them', mark })
  } else {
    building.records.set(record.name, { record, mark })
    building.steps.push({ key: record.name, keyStart, value })
  }
  const path = member(member(cel(binding.member, 'steps'), record.name), 'outputs')
  const outputs = lift(expression(path, mark, [{ reads: new Set([record]), buildings: new Set([building]) }]))
  return stepHandle<Step>(record, outputs as Step['outputs'])
}

/** What a step turns out to need as it is described. */
interface OwnNeeds {
  needs: StepRecord[]
  place: number
  start?: 'any'
}

function describeStep(building: OpenBuilding, definition: Definition, own: OwnNeeds): Node {
  const { mark, list, item } = definition
  const used: StepRecord[] = []
  const reads = (step: StepRecord) => void used.push(step)
  const where: Where = { building, mark, reads }
  const written = definition.options()
  if (written instanceof Promise) return refusePromise(building, mark, written)
  if (kindOf(written) !== 'map') return toNode(where, written ?? null) ?? scalar(building, null, mark)
  const { needs: explicit, ...options } = written as { needs?: unknown; start?: unknown }
  if (options.start === 'any') own.start = options.start
  const field = ([key, value]: [string, unknown]): MapEntry[] => {
    if (value === undefined || (key === 'if' && readsItem(where, value))) return []
    const within = item ? { ...where, item } : where
    return entry(building, fieldNames.get(key) ?? key, mark, () =>
      toNode(within, targetOf(building, key, value)),
    )
  }
  const node = map(building, mark, () => [
    ...(item ? entry(building, 'for_each', mark, () => toNode(where, list ?? null)) : []),
    ...Object.entries(options).flatMap(field),
  ])
  const named = needsOf(where, explicit, own.needs)
  const others = notReached(building, own, used)
  own.needs.push(...others)
  const derived = others.map(({ name }) => scalar(building, name, mark))
  return {
    ...node,
    entries: [...needsEntry(building, mark, explicit, [...named, ...derived]), ...node.entries],
  }
}

function readsItem({ building }: Where, condition: unknown): boolean {
  const found = expressionOf(condition)
  if (!found || found.items.size === 0) return false
  building.report({
    code: 'item_outside_for_each',
    message: '`if` is decided once for the whole step, and there is no item then',
    fix: 'leave items out of the list, in cel`…`: list.filter(x, …)',
    mark: found.mark,
  })
  return true
}

/** `concurrency` or a schedule with the names of a file. */
export function withFileNames(value: unknown): unknown {
  if (kindOf(value) !== 'map' || expressionOf(value)) return value
  return Object.fromEntries(
    Object.entries(value as object)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [fieldNames.get(key) ?? key, each]),
  )
}

/** What a node can hold for what a step runs: names. */
function targetOf(building: OpenBuilding, key: string, value: unknown): unknown {
  if (key === 'jobType') return jobTypeName(value)
  if (key === 'concurrency') return withFileNames(value)
  return key === 'pipeline' && isPipeline(value) ? pipelineName(building, value) : value
}

/** Of several that have one name, each has a reference of its own. */
function pipelineName({ pipelines }: OpenBuilding, pipeline: AnyPipeline): string {
  const { name } = pipeline
  for (let count = 1; ; count += 1) {
    const reference = count === 1 ? name : `${name}-${count}`
    const known = pipelines.get(reference)
    if (known && known !== pipeline) continue
    pipelines.set(reference, pipeline)
    return reference
  }
}

/** A job type object is known by its name. */
function jobTypeName(value: unknown): unknown {
  // An expression, into which nobody can look, is none.
  if (kindOf(value) !== 'map' || typeof value !== 'object' || value === null) return value
  return 'jobType' in value ? value.jobType : value
}

function refusePromise(building: OpenBuilding, mark: Mark, promise: Promise<unknown>): Node {
  promise.catch(() => undefined)
  building.report({
    code: 'builder_awaits',
    message: 'the function of a step returns a promise',
    fix: 'remove `async` and `await`: what they wait for has to be there before the pipeline is defined',
    mark,
  })
  return { ...map(building, mark, () => []), incomplete: true }
}

/** The steps that are named, as nodes; those that are steps go into `into`. */
function needsOf(where: Where, explicit: unknown, into: StepRecord[]): Node[] {
  if (!Array.isArray(explicit)) return []
  return explicit.flatMap((each: unknown) => {
    const step = stepOf(each)
    if (!step) return toNode(where, each) ?? []
    if (step.building !== where.building)
      where.building.report({
        code: 'foreign_step',
        message: `step \`${step.name}\` is of another pipeline`,
        fix: 'name a step of this one',
        mark: where.mark,
      })
    into.push(step)
    return scalar(where.building, step.name, where.mark)
  })
}

function needsEntry(building: OpenBuilding, mark: Mark, explicit: unknown, items: Node[]): MapEntry[] {
  if (explicit !== undefined && !Array.isArray(explicit))
    return entry(building, 'needs', mark, () => toNode({ building, mark, reads: () => undefined }, explicit))
  if (items.length === 0) return []
  return entry(building, 'needs', mark, () => {
    const start = offsetOf(building, mark)
    return { kind: 'list', items, start, end: start }
  })
}

/** Each step that is used and that is not waited for already. */
function notReached(building: OpenBuilding, own: OwnNeeds, used: readonly StepRecord[]): StepRecord[] {
  const needs = new Set(own.needs)
  const others = [...new Set(used)].filter((step) => !needs.has(step))
  if (others.length === 0 || needs.size === 0) return others
  // What starts with any of its needs waits for no more by naming what one of them needs.
  if (own.start === 'any') {
    const reached = allBefore(own.needs)
    return others.filter((step) => !reached.has(step))
  }
  const done = doneBefore(building, own)
  return others.filter((step) => step.building !== building || !has(done, step.place))
}

/** Of needs of another pipeline, which were reported, nothing is known. */
function doneBefore(building: OpenBuilding, { needs, place, start }: OwnNeeds): Bits {
  const own = noBits(place + 1)
  const known = needs.filter((need) => need.building === building)
  for (const [index, need] of known.entries()) {
    if (start !== 'any' || index === 0) {
      join(own, need.before)
      add(own, need.place)
    } else {
      const other = noBits(place + 1)
      join(other, need.before)
      add(other, need.place)
      meet(own, other)
    }
  }
  return own
}

function allBefore(needs: readonly StepRecord[]): ReadonlySet<StepRecord> {
  const reached = new Set(needs)
  // What is added while it is walked through is walked through, too.
  for (const step of reached) for (const need of step.needs) reached.add(need)
  return reached
}
