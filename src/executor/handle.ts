import { messageOf } from '../base/causes.ts'
import { JobsApiError, type JobsClient } from '../client/index.ts'
import { workerLimits } from '../contract/index.ts'
import type { JobTypeRegistry } from '../job-types/registry.ts'
import type { AnyJobType, HandlerContext } from '../job-types/types.ts'
import type { Secrets } from '../job-types/user-config.ts'
import { createRedactor, type Redactor } from '../references/index.ts'
import type { Assignment, HandlerEnd, HandlerEvents, Handlers } from './handlers.ts'
import { toHandlerEnd } from './outcome.ts'
import { createOutputs, type OutputReports, type Outputs } from './outputs.ts'
import { createReferenceSources } from './reference-sources.ts'
import { prepareConfig } from './run-config.ts'

/** Of one line more than is kept, so that a secret that is cut in two here is not shown; and little enough to be sent. */
const saidCharacters = 4 * workerLimits.logLineCharacters

/** What handlers are run with, wherever that is. */
export interface HandlingDependencies {
  reports: OutputReports
  registry: JobTypeRegistry
  /** The Jobs API as a handler of this run may use it: within the run's workspace. */
  apiFor(jobRunId: string): JobsClient
  secrets: Secrets
}

export type Handle = (
  assignment: Assignment,
  stop: AbortSignal,
  events: HandlerEvents,
  redactor?: Redactor,
) => Promise<HandlerEnd>

/** Runs handlers in this process: one that blocks, or ends the process, hits whatever else is done here. */
export function handlersHere(dependencies: HandlingDependencies): Handlers {
  const handle = createHandle(dependencies)
  return {
    run: (assignment, { stop }, events) => handle(assignment, stop, events),
    close: () => Promise.resolve(),
  }
}

/** Resolves the config of a run, checks it, and calls the handler. */
export function createHandle(dependencies: HandlingDependencies): Handle {
  const { registry, secrets, apiFor } = dependencies
  return async (assignment, stop, events, redactor = createRedactor()) => {
    try {
      const jobType = registry.get(assignment.jobType)
      // The worker has looked: the config file was changed since, or is another one here.
      if (jobType === undefined) throw new Error(`there is no job type ${assignment.jobType}`)
      const sources = createReferenceSources({
        secrets,
        api: apiFor(assignment.jobRun.uuid),
        redactor,
        warn: (message) => events.log('warn', message, Date.now()),
        until: stop,
      })
      const config = await prepareConfig(assignment.jobRun.config, jobType.config, sources)
      stop.throwIfAborted()
      const { output, complete } = outputsOf(dependencies, { assignment, jobType, stop, events, redactor })
      await jobType.run(handlerContext(dependencies, { assignment, config, stop, events, redactor, output }))
      await complete()
      return { ended: 'completed' }
    } catch (error) {
      return toHandlerEnd(error, redactor.redact)
    }
  }
}

interface Handling {
  assignment: Assignment
  stop: AbortSignal
  events: HandlerEvents
  redactor: Redactor
}

function outputsOf(
  { reports }: HandlingDependencies,
  { assignment, jobType, stop, events, redactor }: Handling & { jobType: AnyJobType },
): Outputs {
  const { jobRun, attempt } = assignment
  return createOutputs({
    reports,
    jobRunId: jobRun.uuid,
    attempt,
    jobType,
    stored: jobRun.output_references.flatMap(({ name }) => name ?? []),
    redact: redactor.redact,
    until: stop,
    onFailure: warnOfFailure(events, { job_run_id: jobRun.uuid, attempt }, 'storing an output'),
  })
}

function handlerContext(
  dependencies: HandlingDependencies,
  handling: Handling & { config: unknown; output: HandlerContext['output'] },
): HandlerContext<unknown> {
  const { assignment, config, stop, events, redactor, output } = handling
  const { jobRun, workspace, attempt } = assignment
  const log = (level: keyof HandlerContext['log']) => (message: string) =>
    events.log(level, redactor.redact(String(message).slice(0, saidCharacters)), Date.now())
  return {
    config,
    run: {
      uuid: jobRun.uuid,
      jobId: jobRun.job_id,
      jobName: jobRun.job_name,
      jobType: assignment.jobType,
      workspace,
    },
    attempt,
    signal: stop,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    progress: (fraction, message) =>
      message === undefined
        ? events.progress(fraction)
        : events.progress(fraction, redactor.redact(String(message).slice(0, saidCharacters))),
    output,
    api: dependencies.apiFor(jobRun.uuid),
  }
}

/** For `persist`: says on the worker's log that a report has to be sent again. */
export function warnOfFailure(
  log: Pick<HandlerEvents, 'warn'>,
  run: { job_run_id: string; attempt: number },
  what: string,
): (error: unknown, delayMs?: number) => void {
  return (error, delayMs) => {
    const code = error instanceof JobsApiError ? error.code : 'unexpected_error'
    const fields = { ...run, code, retry_in_ms: delayMs === undefined ? undefined : Math.round(delayMs) }
    log.warn(fields, `${what} failed: ${messageOf(error)}`)
  }
}
