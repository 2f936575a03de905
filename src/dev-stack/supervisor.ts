import { aborted, pause } from '../base/abort.ts'
import { messageOf } from '../base/causes.ts'
import { faults } from '../base/errors.ts'
import { type ChildCommand, type ChildLife, launchChild } from './child.ts'
import { StackError } from './errors.ts'
import { type PartName, partLabels, type StackEvent } from './events.ts'
import { decideRestart, type RestartPolicy } from './restart-policy.ts'

export interface PartSpec {
  name: PartName
  command: ChildCommand
  /** Settles when this life of the process can be used; rejects when it cannot. */
  waitUntilReady(life: ChildLife, signal: AbortSignal): Promise<void>
  /** How long the first life may take to become ready. */
  readyTimeoutMs: number
  /** How long a process that is asked to end may take. */
  graceMs: number
}

export interface PartHooks {
  log(event: StackEvent): void
  restartPolicy: RestartPolicy
  /** A process was started (its id), or the part has none now (undefined). */
  processChanged(part: PartName, pid: number | undefined): Promise<void>
}

/** A process that is started again when it dies. */
export interface Part {
  /** Settles when the first life is ready; rejects with a StackError when it never is. */
  ready: Promise<void>
  /** Rejects with a StackError when the process dies too often; settles after `stop`. */
  done: Promise<void>
  stop(): Promise<void>
}

interface PartState {
  life: ChildLife | undefined
  everReady: boolean
}

/** Starts a part and keeps it alive until `stop`. */
export function supervise(spec: PartSpec, hooks: PartHooks): Part {
  const stopping = new AbortController()
  const firstReady = Promise.withResolvers<void>()
  firstReady.promise.catch(() => undefined)
  const state: PartState = { life: undefined, everReady: false }

  const done = keepAlive(spec, hooks, stopping.signal, state, firstReady).catch((error: unknown) => {
    firstReady.reject(error)
    throw error
  })
  done.catch(() => undefined)
  return {
    ready: firstReady.promise,
    done,
    async stop() {
      stopping.abort()
      firstReady.reject(new StackError('interrupted', 'the stack was stopped before it was ready'))
      await state.life?.end(spec.graceMs)
      await done.catch(() => undefined)
    },
  }
}

async function keepAlive(
  spec: PartSpec,
  hooks: PartHooks,
  stopping: AbortSignal,
  state: PartState,
  firstReady: PromiseWithResolvers<void>,
): Promise<void> {
  const livesMs: number[] = []
  while (!stopping.aborted) {
    const life = launchChild(spec.command)
    state.life = life
    await hooks.processChanged(spec.name, life.pid)
    const readyTimeoutMs = livesMs.length === 0 ? spec.readyTimeoutMs : undefined
    if (await becomeReady(spec, hooks, life, readyTimeoutMs, stopping)) {
      state.everReady = true
      firstReady.resolve()
      await aborted(life.ended)
    }
    await hooks.processChanged(spec.name, undefined)
    if (stopping.aborted) return
    livesMs.push(performance.now() - life.startedAtMs)
    if (!state.everReady) throw failed(spec, life, 'before it was ready')
    const decision = decideRestart(livesMs, hooks.restartPolicy)
    if (decision.action === 'give_up') throw failed(spec, life, `again and again, ${livesMs.length} times`)
    hooks.log({
      kind: 'restarting',
      part: spec.name,
      how: String(life.ended.reason),
      delayMs: decision.delayMs,
    })
    await pause(decision.delayMs, stopping)
  }
}

/** True when the life was ready, also one that has ended since; false when it ended before. What comes then is for the caller to decide. */
async function becomeReady(
  spec: PartSpec,
  hooks: PartHooks,
  life: ChildLife,
  timeoutMs: number | undefined,
  stopping: AbortSignal,
): Promise<boolean> {
  const limit = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]
  const signal = AbortSignal.any([life.ended, stopping, ...limit])
  try {
    const wasReady = await Promise.race([
      spec.waitUntilReady(life, signal).then(() => true),
      aborted(signal).then(() => false),
    ])
    if (!wasReady) signal.throwIfAborted()
    hooks.log({ kind: 'ready', part: spec.name, tookMs: performance.now() - life.startedAtMs })
    return true
  } catch (error) {
    if (stopping.aborted || life.ended.aborted) {
      await aborted(life.ended)
      return false
    }
    await life.end(spec.graceMs)
    const reason = limit.some((one) => one.aborted)
      ? `within ${(timeoutMs ?? 0) / 1000} s`
      : `(${messageOf(error)})`
    throw new StackError(
      'child_not_ready',
      `${describe(spec)} did not become ready ${reason}${evidence(spec, life)}`,
    )
  }
}

function failed(spec: PartSpec, life: ChildLife, when: string): StackError {
  const message = `${describe(spec)} ended ${when} (${String(life.ended.reason)})${evidence(spec, life)}`
  // What it was told to do cannot be done so: a configuration that is broken, a variable that cannot be used.
  const isUsage = life.ended.reason === `exit code ${faults.usage.exitCode}`
  return new StackError('child_failed', message, isUsage ? { fault: 'usage' } : {})
}

const describe = (spec: PartSpec): string => `the ${partLabels[spec.name]} process`

function evidence(spec: PartSpec, life: ChildLife): string {
  const lines = life.lastLines()
  const whole = `The whole log: ${spec.command.logFile}`
  return lines === '' ? `. ${whole}` : `. Its last lines:\n${lines}\n${whole}`
}
