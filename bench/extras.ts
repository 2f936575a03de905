import { spawn } from 'node:child_process'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../test/helpers/until.ts'
import { type Arm, cpuOf, memoryOf } from './arms/arm.ts'
import type { InstantServer } from './instant-server.ts'
import { type Load, stepsOf } from './load.ts'
import type { Results, WaitingResult } from './results.ts'

const repository = path.resolve(import.meta.dirname, '..')

const tenThousand: Load = {
  shape: 'fan',
  steps: 500,
  runs: 20,
  atOnce: 20,
  durationMs: [3_600_000, 3_600_000],
}
const fillWithinMs = 20 * 60_000
const holdMs = 60_000
const idleMs = 20_000

async function spentBy(arm: Arm, during: () => Promise<unknown>) {
  const before = arm.processes.map(cpuOf)
  const began = performance.now()
  await during()
  const ms = performance.now() - began
  const cpuMs = Object.fromEntries(
    arm.processes.map((counted, index) => [counted.label, cpuOf(counted) - (before[index] ?? 0)]),
  )
  return { ms, cpuMs }
}

/** Ends the arm: what it waits for goes on for an hour. */
export async function measureWaiting(arm: Arm, jobsApi: InstantServer): Promise<WaitingResult> {
  const before = jobsApi.made()
  const waits = stepsOf(tenThousand)
  let load: Promise<unknown> | undefined
  try {
    const fill = await spentBy(arm, async () => {
      load = arm.run(tenThousand).catch(() => undefined)
      await until('all wait', () => jobsApi.made() - before >= waits, fillWithinMs)
    })
    // The last of them are on their way into their waits.
    await delay(10_000)
    const hold = await spentBy(arm, () => delay(holdMs))
    return {
      arm: arm.title,
      waits,
      fillMs: fill.ms,
      fillCpuMs: fill.cpuMs,
      holdMs: hold.ms,
      holdCpuMs: hold.cpuMs,
    }
  } finally {
    await arm.stop()
    await load
  }
}

/** Of a stack that nothing was done with yet. */
export async function measureMemory(arm: Arm): Promise<Results['memory']> {
  const fresh = arm.processes.map(memoryOf)
  const idle = await spentBy(arm, () => delay(idleMs))
  await arm.run({ shape: 'chain', steps: 10, runs: 20, atOnce: 1, durationMs: [1, 1] })
  return arm.processes.flatMap((counted, index) =>
    counted.counts === 'children'
      ? []
      : [
          {
            process: counted.label,
            freshMiB: fresh[index] ?? Number.NaN,
            usedMiB: memoryOf(counted),
            idleCores: (idle.cpuMs[counted.label] ?? 0) / idle.ms,
          },
        ],
  )
}

/** The lines that `recovery.ts` writes: it is a bench of its own. */
export async function measureKills(say: (line: string) => void): Promise<string[]> {
  const lines: string[] = []
  for (const args of [
    ['--runs', '20', '--sample', '20'],
    ['--runs', '20', '--sample', '20', '--second'],
  ]) {
    const child = spawn(process.execPath, ['bench/recovery.ts', ...args], {
      cwd: repository,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const end = () => child.kill('SIGTERM')
    process.once('exit', end)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.split('\n').filter(Boolean))
      say(text.trimEnd())
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    process.off('exit', end)
    if (code !== 0) lines.push(`recovery.ts ended with ${String(code)}`)
  }
  return lines
}
