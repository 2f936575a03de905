import { DefaultLogger, type Worker } from '@temporalio/worker'
import type { Logger } from 'pino'

/** The SDK's lines among ours, and no louder. */
export function temporalLogger(log: Logger): DefaultLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    log[level === 'ERROR' ? 'error' : 'warn']({ sdk: meta }, message)
  })
}

/** Runs workers until a signal, the end of the parent, or one of them that fails. Says on stdout when they are ready. */
export async function runUntilStopped(workers: Worker[], log: Logger): Promise<void> {
  let stopping = false
  const stop = (reason: string) => {
    if (stopping) return
    stopping = true
    log.info({ reason }, 'worker stops')
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
    await Promise.all(running)
  } finally {
    // One that failed must not leave the others polling.
    stop('a worker ended')
    await Promise.allSettled(running)
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
