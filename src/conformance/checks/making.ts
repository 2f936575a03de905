import type { Json, JsonObject } from '../../base/json.ts'
import { isObject, runEssentials } from '../fields.ts'
import { eventually, isTerminal, type Lab, skipped, thing } from '../lab.ts'

/** What the checks that make something share. */

export const noJob = skipped('no job could be made')
export const noRun = skipped('no run could be triggered')

export async function getRun(lab: Lab, id: string) {
  return lab.probe.send('get', '/job-runs/{id}', { params: { id } })
}

/** @throws Unmet */
export async function trigger(
  lab: Lab,
  json: JsonObject,
  headers: Record<string, string> = {},
): Promise<JsonObject> {
  const seen = await lab.probe.send('post', '/job-runs', { json, headers })
  // First of all, whatever else is wrong with it: what was made has to be put away.
  if (isObject(seen.json) && typeof seen.json.uuid === 'string') {
    const id = seen.json.uuid
    if (!lab.made.some((made) => made.id === id)) {
      lab.made.push({ kind: 'job_run', id, end: 'left' })
      lab.log(`triggered job run ${id}`)
    }
  }
  return thing(seen, runEssentials)
}

/** Looks until the run is over; undefined when that takes longer than patience lasts. */
export async function ended(lab: Lab, id: string) {
  return eventually(lab, async () => {
    const { json } = await getRun(lab, id)
    return isObject(json) && isTerminal(json) ? json : undefined
  })
}

export const config = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})
export const contains = (whole: JsonObject, part: JsonObject): boolean =>
  Object.entries(part).every(([name, value]) => JSON.stringify(whole[name]) === JSON.stringify(value))
export const hasJobType = (job: JsonObject, jobType: string) => config(job.config).job_type === jobType
