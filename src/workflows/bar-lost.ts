import {
  cleansUp,
  createItem,
  type JobRunRecord,
  type UnbegunRuns,
  unbegunRuns,
} from '../pipeline/plan/index.ts'
import type { Execution } from './execution.ts'
import { remoteOfBegun } from './item.ts'
import { mostInVain } from './lost-triggers.ts'
import { boundedCancel, profileOf } from './reach.ts'

const atOnce = 16

type Place = Pick<UnbegunRuns, 'step' | 'item' | 'generation'>

/** What a lost workflow task may have triggered that this execution cannot know of: where it knows no server yet, all that it has begun, too. */
export function mayBeLost({ plan, state }: Execution): UnbegunRuns[] {
  const cleaning = new Set(plan.steps.filter(cleansUp).map(({ id }) => id))
  const known = state.connection === null ? { steps: {} } : state
  return unbegunRuns(plan, known).filter(({ step }) => !cleaning.has(step))
}

/**
 * Once a cancelled run is settled: cancels by their keys what may have begun in a lost workflow task and was not found since. A step whose
 * trigger is still done again when the cancel comes had others after it, for all that anybody knows. In the plan's order, which is about that
 * in which they begin.
 */
export async function barLost(execution: Execution, unbegun: readonly UnbegunRuns[]): Promise<void> {
  const { state } = execution
  // What has a job run was ended, and so was what was cancelled by its key.
  const isUnseen = ({ step, item, generation }: Place) => {
    const own = state.steps[step]?.items?.[item ?? 0]
    return !own || own.generation < generation || (own.jobRunId === null && state.connection === null)
  }
  const places = unbegun.flatMap(eachOf).filter(isUnseen)
  if (places.length === 0 || (await profileOf(execution)).mode !== 'fenced') return
  let inVain = 0
  for (let next = 0; next < places.length && inVain < mostInVain; next += atOnce) {
    const some = places.slice(next, next + atOnce)
    const records = await Promise.all(some.map((place) => bar(execution, place)))
    records.forEach((record, index) => {
      inVain = record ? 0 : inVain + 1
      if (record) warn(execution, some[index]?.step ?? '', record)
    })
  }
}

function eachOf({ step, item, count, generation }: UnbegunRuns): Place[] {
  return Array.from({ length: count }, (_, n) => ({
    step,
    item: item === null ? null : item + n,
    generation,
  }))
}

async function bar(execution: Execution, { step, item, generation }: Place): Promise<JobRunRecord | null> {
  const own = execution.plan.steps.find(({ id }) => id === step)
  const each = { value: null, index: item ?? 0 }
  const remote = own && remoteOfBegun(execution, own, { ...createItem(), generation }, each)
  return remote ? boundedCancel(execution, remote).cancel() : null
}

function warn({ state }: Execution, step: string, { jobRunId, status }: JobRunRecord): void {
  state.warnings.push(
    `step ${step}: job run ${jobRunId} had begun on a worker that died before it could say so, and is ${status}`,
  )
}
