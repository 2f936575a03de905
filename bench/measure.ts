import { type Arm, cpuOf } from './arms/arm.ts'
import { type Load, stepsOf } from './load.ts'
import type { ArmResult, Sample, WorkloadResult } from './results.ts'
import type { Workload } from './workloads.ts'

/** Arms take turns in blocks, A B C and then C B A, so that what drifts with the machine meets all alike. */
export async function measureWorkload(
  workload: Workload,
  arms: readonly Arm[],
  options: { rounds: number; ends(): number[]; say(line: string): void },
): Promise<WorkloadResult> {
  const { load, warm, name, title, counted = load } = workload
  for (const arm of arms) await arm.run(warm)
  const samples = arms.map((): Sample[] => [])
  for (let round = 0; round < options.rounds; round += 1) {
    const order = [...arms.entries()]
    for (const [index, arm] of round % 2 === 0 ? order : order.reverse()) {
      const sample = await sampleOf(arm, load, options.ends)
      samples[index]?.push(sample)
      options.say(`${name}, round ${round + 1} of ${options.rounds}: ${arm.name}: ${inShort(sample, load)}`)
    }
  }
  const results: ArmResult[] = []
  for (const [index, arm] of arms.entries())
    results.push({
      name: arm.name,
      title: arm.title,
      samples: samples[index] ?? [],
      counts: (await arm.counts?.(counted)) ?? {},
    })
  return {
    name,
    title,
    steps: stepsOf(load),
    runs: load.runs,
    countedSteps: stepsOf(counted),
    arms: results,
  }
}

async function sampleOf(arm: Arm, load: Load, ends: () => number[]): Promise<Sample> {
  ends()
  const before = arm.processes.map(cpuOf)
  const { wallMs, endedAtMs } = await arm.run(load)
  const cpuMs = Object.fromEntries(
    arm.processes.map((counted, index) => [counted.label, cpuOf(counted) - (before[index] ?? 0)]),
  )
  return { wallMs, cpuMs, latenessMs: latenessOf(load, ends(), endedAtMs) }
}

/** Both in order: which end is whose does not matter for how they are spread. Of runs of one step that take time. */
function latenessOf(load: Load, ends: readonly number[], told: readonly number[]): number[] {
  if (load.steps !== 1 || load.durationMs[0] < 1_000 || ends.length !== told.length) return []
  const sorted = ends.toSorted((a, b) => a - b)
  return told.toSorted((a, b) => a - b).map((ms, index) => ms - (sorted[index] ?? Number.NaN))
}

function inShort({ wallMs, cpuMs }: Sample, load: Load): string {
  const steps = stepsOf(load)
  const parts = Object.entries(cpuMs).map(([label, ms]) => `${label} ${(ms / steps).toFixed(1)}`)
  return `${(wallMs / steps).toFixed(1)} ms a step, CPU ${parts.join(' + ')}`
}
