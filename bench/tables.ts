import type { Counts } from './arms/arm.ts'
import type { ArmResult, WorkloadResult } from './results.ts'
import { median, quantile, ratios } from './statistics.ts'

/** Tables of Markdown from what a bench found. Pure. */

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  )
}

/** The median, and the middle half. */
export function spread(values: readonly number[], digits = 2): string {
  if (values.length === 0 || values.some(Number.isNaN)) return '–'
  const [low, high] = [quantile(values, 0.25), quantile(values, 0.75)]
  return `${median(values).toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, each) => total + each, 0)
export const wallOf = (arm: ArmResult): number[] => arm.samples.map(({ wallMs }) => wallMs)
export const allCpuOf = (arm: ArmResult): number[] =>
  arm.samples.map(({ cpuMs }) => sum(Object.values(cpuMs)))
const cpuOf = (arm: ArmResult, label: string): number[] =>
  arm.samples.map(({ cpuMs }) => cpuMs[label] ?? Number.NaN)
export const latenessOf = ({ samples }: ArmResult): number[] =>
  samples.flatMap(({ latenessMs }) => latenessMs)

export const requestsOf = ({ requests }: Counts): number | undefined =>
  requests && sum(Object.values(requests))

/** Milliseconds a step, steps a second, and whose CPU it was. */
export function costTable({ arms, steps }: WorkloadResult): string {
  const perStep = (values: readonly number[]) =>
    spread(
      values.map((ms) => ms / steps),
      1,
    )
  const isLate = arms.some((arm) => latenessOf(arm).length > 0)
  return table(
    [
      'arm',
      'wall, ms a step',
      'steps a second',
      'CPU, ms a step',
      'of it',
      ...(isLate ? ['told after p50, p99, ms'] : []),
    ],
    arms.map((arm) => [
      arm.title,
      perStep(wallOf(arm)),
      ((steps * 1000) / median(wallOf(arm))).toFixed(0),
      perStep(allCpuOf(arm)),
      sharesOf(arm, steps),
      ...(isLate ? [lateness(latenessOf(arm))] : []),
    ]),
  )
}

function sharesOf(arm: ArmResult, steps: number): string {
  return Object.keys(arm.samples[0]?.cpuMs ?? {})
    .map((label) => `${label} ${(median(cpuOf(arm, label)) / steps).toFixed(1)}`)
    .join(', ')
}

const lateness = (values: readonly number[]): string =>
  values.length === 0 ? '–' : [0.5, 0.99].map((share) => quantile(values, share).toFixed(0)).join(', ')

/** What needs no clock; where an arm cannot be counted, a dash. */
export function countsTable(result: WorkloadResult): string {
  const { arms, countedSteps: steps } = result
  // The load that is counted has runs of as many steps as a block has.
  const runs = (steps * result.runs) / result.steps
  const perStep = (count: number | undefined) => (count === undefined ? '–' : (count / steps).toFixed(1))
  const perRun = (count: number | undefined) =>
    count === undefined ? '–' : (count / runs).toFixed(1).replace(/\.0$/, '')
  const counts = table(
    [
      'arm',
      'events a run',
      'events a step',
      'workflow tasks a run',
      'requests a step',
      'of them',
      'SQL statements a step',
    ],
    arms.map(({ title, counts }) => [
      title,
      perRun(counts.events),
      perStep(counts.events),
      perRun(counts.workflowTasks),
      perStep(requestsOf(counts)),
      byVerb(counts.requests ?? {}, steps),
      perStep(counts.statements),
    ]),
  )
  return `Counted on ${runs === 1 ? 'one run' : `${runs} runs`}:\n\n${counts}`
}

function byVerb(requests: Readonly<Record<string, number>>, steps: number): string {
  const verbs = Map.groupBy(Object.entries(requests), ([route]) => route.split(' ')[0] ?? '')
  return [...verbs]
    .map(([verb, routes]) => `${verb} ${(sum(routes.map(([, count]) => count)) / steps).toFixed(1)}`)
    .join(', ')
}

/** Whom an arm is measured against: itself in the other version, and hand-written workflows. */
const bases: readonly { of: RegExp; base: string }[] = [
  { of: /^(stack|stack-pg|ours)$/, base: '-before' },
  { of: /^(ours|ours-before|temporal3|restate|dbos|plain)$/, base: 'temporal1' },
]

export interface Ratio {
  arm: string
  title: string
  base: string
  wall: number[]
  cpu: number[]
  worker: number[]
  temporal: number[]
}

export function ratiosOf({ arms }: WorkloadResult): Ratio[] {
  return bases.flatMap(({ of, base }) =>
    arms.flatMap((arm) => {
      const wanted = base.startsWith('-') ? `${arm.name}${base}` : base
      const other = arms.find(({ name }) => name === wanted)
      if (!of.test(arm.name) || !other) return []
      const by = (measure: (of: ArmResult) => number[]) => ratios(measure(arm), measure(other))
      return [
        {
          arm: arm.name,
          title: arm.title,
          base: other.title,
          wall: by(wallOf),
          cpu: by(allCpuOf),
          worker: by((each) => cpuOf(each, 'worker')),
          temporal: by((each) => cpuOf(each, 'Temporal')),
        },
      ]
    }),
  )
}

export function ratiosTable(result: WorkloadResult): string {
  return table(
    ['arm', 'against', 'wall', 'CPU of all', 'worker', 'Temporal'],
    ratiosOf(result).map(({ title, base, ...measured }) => [
      title,
      base,
      spread(measured.wall),
      spread(measured.cpu),
      spread(measured.worker),
      spread(measured.temporal),
    ]),
  )
}
