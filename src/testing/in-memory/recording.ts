import { readFileSync } from 'node:fs'
import { messageOf } from '../../base/causes.ts'
import type { Json } from '../../base/json.ts'
import type { JobsClient } from '../../client/index.ts'
import { outputValue } from '../../contract/index.ts'
import { JobRunError } from '../../job-types/index.ts'
import type { PipelineRunView, StepError } from '../../pipeline/plan/index.ts'
import { setupError } from './errors.ts'
import type { InMemoryHandler } from './handlers.ts'

/** How one generation of a step or item ended. */
export interface RecordedRun {
  step: string
  /** 0-based; absent outside `for_each`. */
  item?: number
  generation: number
  /** Absent of one that completed. */
  error?: StepError
  /** How long it took, in milliseconds. */
  tookMs: number
  outputs: Record<string, Json>
}

/** What the job runs of a pipeline run gave: plain JSON, to be kept beside a test. */
export interface Recording {
  pipeline: string
  runs: RecordedRun[]
}

/**
 * Records what the job runs of a pipeline run gave, for `recorded` to play. Outputs that are neither JSON nor text are left out.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises'
 * import { recordJobs } from 'jobwright/testing'
 *
 * const view = await pipelines.show('nightly-7')
 * await writeFile('nightly.json', JSON.stringify(await recordJobs(api, view)))
 * ```
 */
export async function recordJobs(
  api: Pick<JobsClient, 'getJobRun' | 'getOutput'>,
  view: Pick<PipelineRunView, 'pipeline' | 'steps'>,
): Promise<Recording> {
  const generations = view.steps.flatMap(({ step, item, job_run_id, generation, error, earlier = [] }) =>
    [...earlier, { generation, job_run_id, error }].map((each) => ({
      place: { step, ...(item === undefined ? {} : { item }), generation: each.generation },
      jobRunId: each.job_run_id,
      error: each.error,
    })),
  )
  const runs: RecordedRun[] = []
  for (const { place, jobRunId, error } of generations) {
    if (jobRunId === null && error === null) continue
    const given = jobRunId === null ? { outputs: {}, tookMs: 0 } : await recordRun(api, jobRunId)
    runs.push({ ...place, ...(error === null ? {} : { error }), ...given })
  }
  return { pipeline: view.pipeline, runs }
}

async function recordRun(
  api: Pick<JobsClient, 'getJobRun' | 'getOutput'>,
  jobRunId: string,
): Promise<Pick<RecordedRun, 'outputs' | 'tookMs'>> {
  const { output_references, started_at, finished_at } = await api.getJobRun(jobRunId)
  const outputs: Record<string, Json> = {}
  for (const { name, value } of output_references) {
    if (name === undefined) continue
    const found = value === undefined ? outputValue(await api.getOutput(jobRunId, name)) : { value }
    if ('value' in found) outputs[name] = found.value
  }
  const tookMs = started_at && finished_at ? Date.parse(finished_at) - Date.parse(started_at) : 0
  return { outputs, tookMs: Math.max(0, tookMs) }
}

/**
 * A handler that does what a recording says of the step, the item and the generation that it is called for. Given as `jobs`, it does
 * the work of all job types.
 * @param source the recording, or the file that it is in
 */
export function recorded(source: Recording | string): InMemoryHandler {
  const recording = typeof source === 'string' ? readRecording(source) : source
  return async ({ step, item, generation, sleep }) => {
    const ofItem = recording.runs.filter((run) => run.step === step && (run.item ?? null) === item)
    const found = ofItem.find((run) => run.generation === generation)
    if (!found) {
      const place = item === null ? step : `${step}[${item}]`
      const there = ofItem.map((run) => run.generation).join(', ') || 'none'
      throw new JobRunError(
        'not_recorded',
        `the recording of ${recording.pipeline} has no generation ${generation} of ${place}; it has ${there}`,
      )
    }
    await sleep(`${found.tookMs}ms`)
    if (found.error) throw new JobRunError(found.error.code, found.error.message)
    return found.outputs
  }
}

function readRecording(file: string): Recording {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Recording
  } catch (error) {
    throw setupError(
      'bad_recording',
      `${file} cannot be read as a recording: ${messageOf(error)}`,
      'write it with recordJobs(api, view)',
    )
  }
}
