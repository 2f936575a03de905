import { setTimeout as delay } from 'node:timers/promises'
import { isSameProcessAlive, type ProcessIdentity } from '../base/process-lock.ts'
import type { StackEvent } from './events.ts'
import type { StackRecord } from './record.ts'

const graceMs = 3_000
const pollMs = 20

/**
 * Ends the processes that a killed stack left behind. They are recognised by process id and start time, so that a
 * stranger who got the number since is left alone. The caller holds the lock of the data directory.
 */
export async function endLeftovers(
  record: StackRecord | undefined,
  log: (event: StackEvent) => void,
): Promise<void> {
  const children = Object.entries(record?.children ?? {})
  await Promise.all(
    children.map(async ([part, identity]) => {
      if (!(await isSameProcessAlive(identity))) return
      await endProcess(identity)
      log({ kind: 'leftover_ended', part, pid: identity.pid })
    }),
  )
}

async function endProcess(identity: ProcessIdentity): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', graceMs],
  ] as const) {
    sendSignal(identity.pid, signal)
    const deadline = performance.now() + patienceMs
    while (performance.now() < deadline) {
      if (!(await isSameProcessAlive(identity))) return
      await delay(pollMs)
    }
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended on its own.
  }
}
