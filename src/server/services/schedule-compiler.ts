import type { JsonObject } from '../../base/json.ts'
import { present } from '../../base/present.ts'
import type { ApplyScheduleBody, PipelineFinding, SimulateBody } from '../../contract/index.ts'
import { compileScheduleMap, type PipelinePlan, resolveInputs } from '../../pipeline/index.ts'
import type { ScheduleRequest } from '../../schedule/plan/index.ts'
import type { Caller, NewSchedule } from '../ports/index.ts'
import { type PipelineCompiler, withFindings } from './pipeline-compiler.ts'
import { invalid } from './problems.ts'
import type { SavedPipelineService } from './saved-pipelines.ts'

/** Makes a schedule with its pipeline out of what a request says of it. */
export interface ScheduleCompiler {
  /** @throws ApiProblem 422 with every problem, 404 for a saved pipeline that there is not */
  compile(
    caller: Caller,
    name: string,
    body: ApplyScheduleBody,
  ): Promise<NewSchedule & { findings: PipelineFinding[] }>
  /** What is to be simulated: all schedules of a file, or the one that is named or given. @throws as `compile` */
  requests(caller: Caller, body: SimulateBody): Promise<ScheduleRequest[]>
}

/** Where a schedule is from. */
type Source = Pick<ApplyScheduleBody, 'yaml' | 'pipeline' | 'version' | 'schedule'> &
  Partial<Pick<ApplyScheduleBody, 'plan'>>

/** A pipeline, with the schedules that its file has. */
interface Compiled {
  plan: PipelinePlan
  schedules: readonly ScheduleRequest[]
  findings: PipelineFinding[]
  version?: number
}

export function createScheduleCompiler(
  compiler: PipelineCompiler,
  saved: Pick<SavedPipelineService, 'get'>,
): ScheduleCompiler {
  const pipelineOf = async (caller: Caller, body: Source): Promise<Compiled> => {
    const { yaml, plan, pipeline, version } = body
    if (pipeline === undefined || pipeline === null) return compiler.compile(caller, { yaml, plan })
    const found = await saved.get(caller, pipeline, version ?? undefined)
    return { ...(await compiler.compile(caller, { yaml: found.yaml }, found.name)), version: found.version }
  }
  return {
    async compile(caller, name, body) {
      requireOneSource(body)
      const { plan, schedules, findings, version } = await pipelineOf(caller, body)
      const { schedule } = body
      const isGiven = schedule !== undefined && schedule !== null
      const request = isGiven ? given(schedule, name, plan) : named(schedules, name, body)
      const { inputs, findings: wrong } = resolveInputs(plan, request.inputs)
      if (!inputs) throw withFindings('invalid_inputs', isGiven ? '/schedule/inputs' : pointerOf(body), wrong)
      return present({ plan: plan as unknown as JsonObject, request, version, findings })
    },
    async requests(caller, body) {
      const { yaml, pipeline, version, schedule, name } = body
      const isAlone = [yaml, pipeline, version].every((value) => value === undefined || value === null)
      if (isAlone && schedule) return [given(schedule, name ?? 'simulated', undefined)]
      requireOneSource(body)
      const { plan, schedules } = await pipelineOf(caller, body)
      if (schedule) return [given(schedule, name ?? plan.name, plan)]
      if (name !== undefined && name !== null) return [named(schedules, name, body)]
      if (schedules.length === 0) throw noneOf(body, 'the pipeline has no schedule')
      return [...schedules]
    },
  }
}

function requireOneSource({ yaml, plan, pipeline, version, schedule }: Source): void {
  const given = Object.entries({ yaml, plan, pipeline }).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [name],
  )
  const wrong = (pointer: string, detail: string) => invalid('validation_failed', [{ pointer, detail }])
  if (given.length !== 1)
    throw wrong('', `expected exactly one of yaml, plan and pipeline, found ${given.join(' and ') || 'none'}`)
  if (version !== undefined && version !== null && given[0] !== 'pipeline')
    throw wrong('/version', 'is of a saved pipeline; expected with pipeline only')
  if (given[0] === 'plan' && (schedule === undefined || schedule === null))
    throw wrong('/schedule', 'is missing; a plan has no schedule in it')
}

/** The one of the file. */
function named(schedules: readonly ScheduleRequest[], name: string, body: Source): ScheduleRequest {
  const found = schedules.find((schedule) => schedule.name === name)
  if (found) return found
  const names = schedules.map((schedule) => schedule.name).join(', ')
  throw noneOf(
    body,
    names === ''
      ? 'the pipeline has no schedule; expected one in its file (`schedule:`), or one as `schedule` here'
      : `the pipeline has no schedule named ${name}; it has ${names}`,
  )
}

const pointerOf = ({ yaml }: Source): string => (yaml === undefined || yaml === null ? '/pipeline' : '/yaml')
const noneOf = (body: Source, detail: string) =>
  invalid('validation_failed', [{ pointer: pointerOf(body), detail }])

/** The one of the request. */
function given(schedule: JsonObject, name: string, plan: PipelinePlan | undefined): ScheduleRequest {
  const { schedule: made, problems } = compileScheduleMap(schedule, { name, plan })
  const errors = problems
    .filter(({ severity }) => severity === 'error')
    .map(({ pointer, message, fix }) => ({ pointer: `/schedule${pointer}`, detail: `${message}; ${fix}` }))
  if (!made || errors.length > 0) throw invalid('invalid_schedule', errors)
  if (made.name === name) return made
  throw invalid('validation_failed', [
    { pointer: '/schedule/name', detail: `found ${made.name}; expected ${name}, as in the path` },
  ])
}
