import { Worker } from 'node:worker_threads'
import { surviveLostReaders } from '../../base/standard-streams.ts'
import type { Handle } from '../handle.ts'
import type { FromHost, ToHost } from './messages.ts'
import { serveHandlers } from './serve.ts'

/**
 * Makes a process of handlers of this one: its worker is at the other end of the IPC channel, and says the settings first.
 * @param load what handlers are run by; a failure ends the process
 */
export function runHandlerHost(load: (settings: unknown) => Handle | Promise<Handle>): void {
  const exit = process.exit.bind(process)
  const send = ownChannel()
  // Its worker sees to signals, and tells the handlers to stop.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.once('disconnect', () => exit(0))
  for (const stream of [process.stdout, process.stderr]) surviveLostReaders(stream)
  endWithParent()
  process.once('message', async (settings) => {
    try {
      const { receive } = serveHandlers({ handle: await load(settings), send })
      process.on('message', (message) => receive(message as ToHost))
      send({ kind: 'ready' })
    } catch (error) {
      process.stderr.write(`a process of handlers cannot start: ${String(error)}\n`)
      exit(1)
    }
  })
}

/** The channel to the worker, which handlers cannot reach by `process.send`, nor put something else in its place. */
function ownChannel(): (message: FromHost) => void {
  const send = process.send?.bind(process)
  Reflect.deleteProperty(process, 'send')
  return (message) => {
    if (process.connected) send?.(message, undefined, {}, () => undefined)
  }
}

/**
 * Ends this process with its worker, even while a handler lets nothing else work here: in a thread, which nothing blocks.
 * Who the worker is stands in the first argument, since it may be gone before this can look.
 */
function endWithParent(): void {
  const watch = `
    const { workerData: worker } = require('node:worker_threads')
    setInterval(() => {
      if (process.ppid !== worker) process.kill(process.pid, 'SIGKILL')
    }, 500)`
  const options = {
    eval: true,
    workerData: Number(process.argv[2]),
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
  }
  new Worker(watch, options).unref()
}
