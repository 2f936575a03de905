import { median, quantile, ratios } from './statistics.ts'

/** Of one arm in one round, per step. */
export interface Sample {
  wallMs: number
  workerMs: number
  temporalMs: number
}

export interface ArmResult {
  name: string
  events: number
  workflowTasks: number
  /** To the Jobs API. */
  requestsPerStep: number
  samples: readonly Sample[]
}

export interface Results {
  date: string
  command: string
  machine: string
  temporal: string
  loadBefore: number
  loadAfter: number
  rounds: number
  chainsPerSample: number
  steps: number
  /** The first is ours; the ratios are to the second. */
  arms: readonly ArmResult[]
  residentMiB: readonly { process: string; fresh: number; used: number }[]
  installedMiB: number
}

const measures: readonly { key: keyof Sample; label: string }[] = [
  { key: 'wallMs', label: 'wall' },
  { key: 'workerMs', label: 'worker CPU' },
  { key: 'temporalMs', label: 'Temporal CPU' },
]

/** The report in Markdown. Pure. */
export function renderReport(results: Results): string {
  const { arms, steps, rounds, chainsPerSample } = results
  const base = arms[1]
  const of = (arm: ArmResult, key: keyof Sample) => arm.samples.map((sample) => sample[key])
  return [
    `# Overhead of a pipeline, ${results.date.slice(0, 10)}`,
    '',
    `- Command: \`${results.command}\``,
    `- Machine: ${results.machine}`,
    `- Temporal: ${results.temporal}`,
    `- Load average: ${results.loadBefore.toFixed(1)} before, ${results.loadAfter.toFixed(1)} after. With more than one runnable process a core, quote the ratios only.`,
    '',
    'A chain of steps whose runs have no length, on a Jobs API that answers at once: what is left is orchestration. The arms run against',
    `the same Temporal server and the same API, in turn (A B C, then C B A), ${rounds} rounds of ${chainsPerSample} chains of ${steps} steps each. A ratio is taken within`,
    'each round; shown are the median and, in parentheses, the middle half.',
    '',
    '## What a chain costs Temporal',
    '',
    `The floor of one activity a step is 5 + 6n events: ${5 + 6 * steps} for ${steps} steps.`,
    '',
    table(
      ['arm', 'events', 'a step', 'workflow tasks', 'a step', 'requests a step'],
      arms.map((arm) => [
        arm.name,
        String(arm.events),
        (arm.events / steps).toFixed(1),
        String(arm.workflowTasks),
        (arm.workflowTasks / steps).toFixed(1),
        arm.requestsPerStep.toFixed(1),
      ]),
    ),
    '',
    '## Milliseconds a step',
    '',
    table(
      ['arm', ...measures.map(({ label }) => label)],
      arms.map((arm) => [arm.name, ...measures.map(({ key }) => median(of(arm, key)).toFixed(1))]),
    ),
    '',
    `## As ratios to ${base?.name ?? 'nothing'}`,
    '',
    table(
      ['arm', ...measures.map(({ label }) => label), 'CPU together'],
      arms.map((arm) => [
        arm.name,
        ...measures.map(({ key }) => spread(ratios(of(arm, key), base ? of(base, key) : []))),
        spread(ratios(cpuOf(arm), base ? cpuOf(base) : [])),
      ]),
    ),
    '',
    '## Memory and disk',
    '',
    'Resident, of the embedded stack with our own API server (PGlite): when it is ready, and after chains on it.',
    '',
    table(
      ['process', 'ready, MiB', 'used, MiB'],
      results.residentMiB.map((row) => [row.process, row.fresh.toFixed(0), row.used.toFixed(0)]),
    ),
    '',
    `Installed: ${results.installedMiB.toFixed(0)} MiB of packages that the published one depends on (Node.js and Temporal's CLI not counted).`,
    '',
  ].join('\n')
}

const cpuOf = (arm: ArmResult): number[] =>
  arm.samples.map(({ workerMs, temporalMs }) => workerMs + temporalMs)

function spread(values: readonly number[]): string {
  const [low, high] = [quantile(values, 0.25), quantile(values, 0.75)]
  return `${median(values).toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  )
}
