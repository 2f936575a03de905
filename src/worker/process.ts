import { DefaultLogger, type RuntimeOptions, type Worker } from '@temporalio/worker'
import type { Logger } from 'pino'
import { messageOf } from '../base/causes.ts'

/** Where Temporal's SDK writes, its native part too: on our log, in its form. */
export function runtimeOptions(log: Logger): RuntimeOptions {
  return {
    shutdownSignals: [],
    logger: temporalLogger(log),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  }
}

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const

/** What the SDK warns of although it is how we work: what was cancelled meanwhile reports its end, and some workers run activities only. */
const expected: readonly RegExp[] = [/^Activity not found on completion/, /^No workflows registered/]

/** Fields that the SDK adds to what our workflows say. */
const contextOf = ['sdkComponent', 'namespace', 'taskQueue', 'workflowId', 'runId', 'workflowType']

/** What workflows say is ours; of what the SDK says by itself, only what goes wrong is worth more than `debug`. */
export function temporalLogger(log: Logger): DefaultLogger {
  return new DefaultLogger(log.isLevelEnabled('debug') ? 'DEBUG' : 'INFO', ({ level, message, meta }) => {
    const fields = Object.fromEntries(Object.entries(meta ?? {}))
    if (fields['sdkComponent'] === 'workflow') {
      const own = Object.entries(fields).filter(([name]) => !contextOf.includes(name))
      log[levels[level]](Object.fromEntries(own), message)
      return
    }
    const isQuiet = level === 'INFO' || isExpected(message, fields['error'])
    log[isQuiet ? 'debug' : levels[level]]({ sdk: readable(fields) }, message)
  })
}

/** Activities end with it when their worker stops, and go on elsewhere. */
const handedOver = 'worker_shutdown'

function isExpected(message: string, error: unknown): boolean {
  if (typeOf(error) === handedOver) return true
  return expected.some((pattern) => pattern.test(message))
}

/** As JSON an error would have no message; and nobody can read a task's token. */
function readable({ taskToken: _, ...fields }: Record<string, unknown>): object {
  const { error } = fields
  if (!(error instanceof Error)) return fields
  const type = typeOf(error)
  return {
    ...fields,
    error: { name: error.name, message: error.message, ...(type === undefined ? {} : { type }) },
  }
}

/** Of a failure of an activity: its code. */
function typeOf(error: unknown): unknown {
  return error instanceof Error && 'type' in error ? error.type : undefined
}

/**
 * Runs workers until a signal, the end of the parent, or one of them that fails. Says on stdout when they are ready.
 * @param handOver begun with the stop, and waited for
 * @param admission rejects when this worker is of no use
 */
export async function runUntilStopped(
  workers: Worker[],
  log: Logger,
  handOver: () => Promise<void> = () => Promise.resolve(),
  admission: Promise<void> = Promise.resolve(),
): Promise<void> {
  let handingOver: Promise<unknown> | undefined
  let stopping = false
  const stop = (reason: string) => {
    if (stopping) return
    stopping = true
    log.info({ reason }, 'worker stops')
    handingOver = handOver().catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, 'what waited here could not be handed over; its lease will do it')
    })
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
  }
  process.once('SIGTERM', () => stop('SIGTERM'))
  process.once('SIGINT', () => stop('SIGINT'))
  process.once('disconnect', () => stop('parent is gone'))
  const running = workers.map((worker) => worker.run())
  process.stdout.write(
    `${JSON.stringify({ event: 'ready', taskQueues: workers.map((worker) => worker.options.taskQueue) })}\n`,
  )
  try {
    const refused = new Promise<never>((_, reject) => admission.catch(reject))
    await Promise.race([Promise.all(running), refused])
  } finally {
    // One that failed must not leave the others polling.
    stop('a worker ended')
    await Promise.allSettled(running)
    await handingOver
  }
}

/**
 * A promise that a handler forgot costs nobody else's runs: without this Node would end the process, and every run on
 * it be attempted again. Of the error only its name and place are logged, as its message may hold a secret.
 */
export function surviveForgottenPromises(log: Logger): void {
  process.on('unhandledRejection', (reason) => {
    const { name, stack = '' } = reason instanceof Error ? reason : { name: typeof reason }
    const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
    log.error(
      { error: name, frames },
      'a promise was rejected and nobody awaits it; look for a missing await',
    )
  })
}
