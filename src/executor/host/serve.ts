import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { createRedactor, type Redactor } from '../../references/index.ts'
import type { Handle } from '../handle.ts'
import type { HandlerEnd, HandlerEvents } from '../handlers.ts'
import { toHandlerEnd, toRunError } from '../outcome.ts'
import type { FromHost, ToHost } from './messages.ts'

/** A handler at work in this process. */
interface Work {
  key: number
  stop: AbortController
  redactor: Redactor
  events: HandlerEvents
  /** Only the first end counts. */
  end(end: HandlerEnd): void
}

export interface Served {
  handle: Handle
  send(message: FromHost): void
}

/**
 * A process's side of running handlers. Whatever a handler does outside of its promise (an exception in a timer or an
 * emitter, a promise that it forgot, `process.exit()`) is traced to it, and to it alone.
 */
export function serveHandlers({ handle, send }: Served): { receive(message: ToHost): void } {
  const atWork = new AsyncLocalStorage<Work>()
  const works = new Map<number, Work>()
  guardProcess(atWork, send)

  async function run({ key, assignment }: ToHost & { kind: 'run' }): Promise<void> {
    const over = Promise.withResolvers<HandlerEnd>()
    const redactor = createRedactor()
    const events: HandlerEvents = {
      log: (level, message, atMs) => send({ kind: 'log', key, level, message, atMs }),
      progress: (fraction, message) => send({ kind: 'progress', key, fraction, message }),
      warn: (fields, message) => send({ kind: 'warn', key, fields, message }),
    }
    const work: Work = { key, stop: new AbortController(), redactor, events, end: over.resolve }
    works.set(key, work)
    const handled = atWork.run(work, () => handle(assignment, work.stop.signal, events, redactor))
    handled.then(over.resolve, (error: unknown) => over.resolve(toHandlerEnd(error, redactor.redact)))
    const end = await over.promise
    // Promises that it forgot are noticed by then.
    await setImmediate()
    works.delete(key)
    send({ kind: 'ended', key, end })
  }

  return {
    receive(message) {
      switch (message.kind) {
        case 'ping':
          send({ kind: 'pong', key: message.key })
          return
        case 'run':
          void run(message)
          return
        case 'stop':
          works.get(message.key)?.stop.abort(new DOMException(message.reason, 'AbortError'))
          return
        default:
          message satisfies never
      }
    },
  }
}

function fail(work: Work, error: Error, code: string): void {
  const { message } = toRunError(error, work.redactor.redact)
  work.end({ ended: 'threw', error: { code, message } })
  work.stop.abort(new DOMException(`the run failed: ${message}`, 'AbortError'))
}

/** Of an error that is nobody's only name and place are told, as its message may hold a secret. */
function placeOf(reason: unknown): object {
  const { name, stack = '' } = reason instanceof Error ? reason : { name: typeof reason }
  return { error: name, frames: stack.split('\n').filter((line) => /^\s+at /.test(line)) }
}

function guardProcess(atWork: AsyncLocalStorage<Work>, send: Served['send']): void {
  process.on('uncaughtException', (thrown: unknown) => {
    const work = atWork.getStore()
    const error = thrown instanceof Error ? thrown : new Error(`threw ${typeof thrown}`, { cause: thrown })
    if (work) fail(work, error, 'uncaught_exception')
    const message = 'an exception was thrown where nothing catches it, such as in a timer or an emitter'
    send({ kind: 'shaken', fields: placeOf(thrown), message })
  })
  process.on('unhandledRejection', (reason) => {
    const message = 'a promise was rejected and nobody awaits it; look for a missing await'
    send({ kind: 'warn', key: 0, fields: placeOf(reason), message })
    const work = atWork.getStore()
    if (!work) return
    const { message: what } = toRunError(reason, work.redactor.redact)
    work.events.log('error', `${message}: ${what}`, Date.now())
  })
  const refuse = (call: string) => {
    const work = atWork.getStore()
    const error = new Error(
      `the handler called ${call}; it fails the run by throwing, and ends it by returning`,
    )
    if (work) fail(work, error, 'process_exit')
    throw error
  }
  process.exit = (code) => refuse(`process.exit(${code ?? ''})`)
  process.abort = () => refuse('process.abort()')
  // Node itself calls these two when the worker is gone: they are refused to handlers alone.
  const { disconnect, reallyExit } = process as NodeJS.Process & { reallyExit(code?: number): never }
  const own = {
    disconnect: () => (atWork.getStore() ? refuse('process.disconnect()') : disconnect.call(process)),
    reallyExit: (code?: number) =>
      atWork.getStore() ? refuse(`process.reallyExit(${code ?? ''})`) : reallyExit.call(process, code),
  }
  Object.assign(process, own)
  const kill = process.kill.bind(process)
  const isOurs = (pid: number) => pid === process.pid || pid === process.ppid || pid === 0
  process.kill = (pid, signal) =>
    isOurs(pid) && signal !== 0 ? refuse(`process.kill(${pid})`) : kill(pid, signal)
}
