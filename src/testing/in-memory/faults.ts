import { JobwrightError } from '../../base/errors.ts'
import { suggest } from '../../base/suggest.ts'
import type { PipelinePlan } from '../../pipeline/plan/index.ts'
import { allSteps } from './all-steps.ts'

/** What goes wrong with the job run of a step, whatever its handler would do. */
export type InMemoryFault =
  | { kind: 'fail'; message: string; code?: string; times?: number }
  | { kind: 'reject'; message: string; code: string; times?: number }
  | { kind: 'timeout'; times?: number }
  | { kind: 'cancel' }
  | { kind: 'cancel_run'; times?: number }

export interface FaultOptions {
  /** The error's code. @default that of a handler that throws, `handler_error` */
  code?: string
  /** For so many generations, from the first. @default all */
  times?: number
}

/** The job run fails. */
export function fail(message: string, { code, times }: FaultOptions = {}): InMemoryFault {
  return { kind: 'fail', message, ...(code === undefined ? {} : { code }), ...counted(times) }
}

/** The job run of the first generation fails; the next one, if the step's `retry` allows it, does what its handler does. */
export function failOnce(message: string, options: Pick<FaultOptions, 'code'> = {}): InMemoryFault {
  return fail(message, { ...options, times: 1 })
}

/** The server refuses to start the job run. @param options.code @default 'invalid_config' */
export function reject(
  message: string,
  { code = 'invalid_config', times }: FaultOptions = {},
): InMemoryFault {
  return { kind: 'reject', message, code, ...counted(times) }
}

/** The job run does not end by itself, so that the step's `timeout` ends it. */
export function timeout({ times }: Pick<FaultOptions, 'times'> = {}): InMemoryFault {
  return { kind: 'timeout', ...counted(times) }
}

/** The pipeline run is cancelled when this step's job run has begun; a second one ends what cleans up. */
export function cancel(): InMemoryFault {
  return { kind: 'cancel' }
}

/** Somebody cancels the job run, not the pipeline run. */
export function cancelRun({ times }: Pick<FaultOptions, 'times'> = {}): InMemoryFault {
  return { kind: 'cancel_run', ...counted(times) }
}

function counted(times: number | undefined): { times?: number } {
  return times === undefined ? {} : { times }
}

/** By `step`, `step[item]`, `step#generation` or `step[item]#generation`; the narrowest one counts. A step of the pipeline of a step is `outer/inner`. */
export type InMemoryFaults = Readonly<Record<string, InMemoryFault>>

/** What is to go wrong, asked for each generation. */
export interface FaultPlan {
  of(step: string, item: number | null, generation: number): InMemoryFault | undefined
  /** Keys of faults that nothing met so far. */
  unmet(): string[]
}

const keyForm = /^([^[\]#]+)(?:\[(\d{1,9})\])?(?:#(\d{1,9}))?$/

/** @throws JobwrightError `bad_fault` for a key that names nothing of the plan */
export function createFaultPlan(plan: PipelinePlan, faults: InMemoryFaults): FaultPlan {
  const keys = Object.keys(faults)
  for (const key of keys) checkKey(plan, key)
  const met = new Set<string>()
  return {
    of(step, item, generation) {
      const place = item === null ? step : `${step}[${item}]`
      const candidates = [`${place}#${generation}`, place, `${step}#${generation}`, step]
      const key = candidates.find((one) => Object.hasOwn(faults, one))
      const fault = key === undefined ? undefined : faults[key]
      if (key === undefined || fault === undefined) return undefined
      if ('times' in fault && fault.times !== undefined && generation > fault.times) return undefined
      met.add(key)
      return fault
    },
    unmet: () => keys.filter((key) => !met.has(key)),
  }
}

function checkKey(plan: PipelinePlan, key: string): void {
  const bad = (message: string, fix: string) =>
    new JobwrightError({ code: 'bad_fault', fault: 'usage', message: `fault \`${key}\`: ${message}`, fix })
  const [, name, item] = keyForm.exec(key) ?? []
  if (name === undefined)
    throw bad('it names no step', "write 'step', 'step[2]', 'step#2' (a generation) or 'step[2]#2'")
  const steps = allSteps(plan)
  const step = steps.get(name)
  if (!step) throw bad(`the pipeline ${plan.name} has no step ${name}`, suggest(name, steps.keys()))
  if (item !== undefined && !step.forEach)
    throw bad(`step ${name} has no items, as it has no for_each`, `write '${name}'`)
}
