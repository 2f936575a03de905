import { setTimeout as sleep } from 'node:timers/promises'
import { JobwrightError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { JobsClient } from '../client/index.ts'
import type { PipelinePlan } from '../pipeline/plan/index.ts'
import type { PipelineRunView, PipelinesClient } from '../pipelines/index.ts'
import { expectationsOf } from './expect-of-run.ts'
import type { CancelIntent, Violation } from './expectations.ts'
import { finalLook } from './final-look.ts'
import { judge } from './judge.ts'
import type { FaultProxy, ProxyLogEntry } from './proxy.ts'
import { type FaultScript, type SeedOptions, scriptFromSeed } from './script.ts'
import type { ServerLogEntry } from './server-log.ts'

export interface RunUnderFaults {
  /** What the worker's connection points at. Nothing else may go through it meanwhile. */
  proxy: FaultProxy
  /** Of the server itself, without the proxy: what it says in the end is the truth. */
  api: Pick<JobsClient, 'listJobRuns'>
  pipelines: Pick<PipelinesClient, 'start' | 'watch' | 'show'>
  plan: PipelinePlan
  /** @default none */
  inputs?: Record<string, Json>
  /** What goes wrong, or the seed that it follows from. @default what the proxy has */
  script?: FaultScript
  seed?: string | number
  seeding?: SeedOptions
  /** What happens meanwhile: kills, a cancel. What it answers is when it was to stop. */
  during?: (run: { id: string; proxy: FaultProxy }) => Promise<readonly CancelIntent[]> | Promise<void>
  /** When there is nothing more to wait for. @default when the pipeline run is over */
  isSettled?: (view: PipelineRunView) => boolean
  /** How far the server's lists lag (L): so long after the end they are believed. @default 0 */
  listingMs?: number
  /** For `during`, and then for the end of the run, each. @default 5 minutes */
  timeoutMs?: number
}

/** What came of a pipeline run under faults. */
export interface Verdict {
  isKept: boolean
  violations: readonly Violation[]
  /** How the pipeline run ended, or stood when the time was up. */
  view: PipelineRunView
  isOver: boolean
  /** To do it again. */
  script: FaultScript
  /** What went wrong on the way. */
  faults: readonly ProxyLogEntry[]
  serverLog: readonly ServerLogEntry[]
  /** All of it in lines for a person. */
  text: string
}

const defaultTimeoutMs = 300_000

/**
 * Runs a pipeline whose worker talks to the Jobs API through a fault proxy, and judges it by what the server did. That it fails is
 * no broken promise; that it doubles a run, reports what was not done, or leaves a run behind is.
 *
 * @example
 * ```ts
 * import { runUnderFaults, startFaultProxy } from 'jobwright/testing'
 *
 * const proxy = await startFaultProxy({ target: 'http://127.0.0.1:8300/api/v1' })
 * // Start a worker with JOBS_API_URL=proxy.url; `api` and `pipelines` talk to server and Temporal as ever.
 * for (const seed of [1, 2, 3]) {
 *   const { isKept, text } = await runUnderFaults({ proxy, api, pipelines, plan, seed })
 *   if (!isKept) throw new Error(text)
 * }
 * ```
 */
export async function runUnderFaults(options: RunUnderFaults): Promise<Verdict> {
  const { proxy, api, pipelines, plan, inputs = {}, seed, seeding, during } = options
  const { timeoutMs = defaultTimeoutMs, listingMs = 0 } = options
  const script = options.script ?? (seed === undefined ? proxy.script : scriptFromSeed(seed, seeding))
  const [before, beforeOnServer] = [proxy.log.length, proxy.serverLog.length]
  proxy.setScript(script)
  const { id } = await pipelines.start(plan, inputs)
  const meanwhile = async () => (await during?.({ id, proxy })) ?? []
  const cancels = await inTime(meanwhile(), timeoutMs)
  const view = await settled(options, id)
  await proxy.drained()
  await sleep(listingMs)
  const passed = proxy.serverLog.slice(beforeOnServer)
  const serverLog = [...passed, ...(await finalLook(passed, api))]
  const isOver = view.finished_at !== null
  const violations = judge(serverLog, { steps: expectationsOf(plan, view.steps), cancels, isOver })
  const faults = proxy.log.slice(before).filter(({ fault, isHit }) => fault !== undefined && isHit)
  const isKept = violations.length === 0
  const verdict = { isKept, violations, view, isOver, script, faults, serverLog }
  return { ...verdict, text: describe(verdict) }
}

/** @throws JobwrightError `during_not_over` */
async function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const over = new AbortController()
  const late = sleep(timeoutMs, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new JobwrightError({
      code: 'during_not_over',
      fault: 'usage',
      message: `what was to happen during the pipeline run was not over after ${timeoutMs} ms`,
      fix: 'wait only for points that the run comes by; the log of the proxy says which it did',
    })
  })
  try {
    return await Promise.race([work, late])
  } finally {
    over.abort()
  }
}

async function settled(options: RunUnderFaults, id: string): Promise<PipelineRunView> {
  const { pipelines, isSettled = () => false, timeoutMs = defaultTimeoutMs } = options
  const signal = AbortSignal.timeout(timeoutMs)
  for await (const view of pipelines.watch(id, { signal }))
    if (view.finished_at !== null || isSettled(view)) return view
  return await pipelines.show(id)
}

function describe({ violations, view, isOver, script, faults }: Omit<Verdict, 'text'>): string {
  const counts = Map.groupBy(faults, ({ operation, fault }) => `${fault?.kind} of ${operation}`)
  const met = [...counts].map(([name, all]) => `${name} × ${all.length}`)
  return [
    `seed ${script.seed ?? 'none'}: ${faults.length} faults (${met.join(', ')})`,
    `pipeline run ${view.id}: ${view.status}${isOver ? '' : ', not over'}`,
    ...view.steps.map(({ step, item, status, job_run_id, error }) => {
      const name = item === undefined ? step : `${step}[${item}]`
      return `  ${name}: ${status} ${job_run_id ?? ''} ${error === null ? '' : `${error.code}: ${error.message}`}`.trimEnd()
    }),
    ...violations.map(({ rule, message }) => `BROKEN ${rule}: ${message}`),
  ].join('\n')
}
