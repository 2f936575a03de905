import type { Json, JsonObject } from '../base/json.ts'
import { jsonPointer } from '../base/json-pointer.ts'
import type { ScheduleRequest } from '../schedule/plan/index.ts'
import { compileSource } from './compile/compile.ts'
import { createReporter, type Finding } from './nodes/findings.ts'
import type { MapNode, Node } from './nodes/nodes.ts'
import type { PipelinePlan } from './plan/index.ts'

/** What is wrong with a schedule that is no file. */
export interface ScheduleProblem extends Pick<Finding, 'code' | 'severity' | 'message' | 'fix'> {
  /** Into the schedule. */
  pointer: string
}

/**
 * A schedule of a plan, from JSON that says what `schedule:` of its file would. It is compiled as that is, within a file that has the
 * inputs of the plan. Never throws: what is wrong is told with its place.
 * @param plan undefined: of no plan, so that nothing is known of its inputs
 */
export function compileScheduleMap(
  value: JsonObject,
  { name, plan }: { name: string; plan: Pick<PipelinePlan, 'name' | 'inputs'> | undefined },
): { schedule?: ScheduleRequest; problems: ScheduleProblem[] } {
  /** By the offset of a node: where in the JSON it stands. */
  const pointers: string[] = []
  const { inputs: _, ...rest } = value
  const schedule = { name, ...(plan ? value : rest) }
  const root = toNode(fileOf(plan ?? { name, inputs: [] }, schedule), [], pointers)
  const reporter = createReporter('', (offset) => ({ line: offset + 1, column: 1 }))
  const { schedules, findings } = compileSource({ root, reporter, text: '' }, {})
  const problems = findings.map(({ code, severity, message, fix, line }) => {
    const pointer = /^\/schedule(\/.*)?$/.exec(pointers[line - 1] ?? '')?.[1] ?? ''
    return { code, severity, message, fix, pointer }
  })
  const [made] = schedules ?? []
  return made === undefined ? { problems } : { schedule: made, problems }
}

/** A pipeline file with the same name and inputs, and a step that is any. */
function fileOf({ name, inputs }: Pick<PipelinePlan, 'name' | 'inputs'>, schedule: JsonObject): JsonObject {
  const declared = inputs.map(({ name, ...input }): [string, Json] => [name, input as JsonObject])
  return { name, inputs: Object.fromEntries(declared), schedule, steps: { any: { job_type: 'any' } } }
}

function toNode(value: Json, path: readonly PropertyKey[], pointers: string[]): Node {
  const start = pointers.push(jsonPointer(path)) - 1
  const end = () => pointers.length - 1
  if (Array.isArray(value)) {
    const items = value.map((item, index) => toNode(item, [...path, index], pointers))
    return { kind: 'list', items, start, end: end() }
  }
  if (value === null || typeof value !== 'object')
    return { kind: 'scalar', value, start, end: start, plain: false }
  const entries: MapNode['entries'] = Object.entries(value).map(([key, part]) => ({
    key,
    keyStart: pointers.push(jsonPointer([...path, key])) - 1,
    value: toNode(part, [...path, key], pointers),
  }))
  return { kind: 'map', entries, start, end: end() }
}
