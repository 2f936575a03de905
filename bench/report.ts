import { versionsOf } from './peers/packages.ts'
import type { Results, WaitingResult, WorkloadResult } from './results.ts'
import { costTable, countsTable, ratiosOf, ratiosTable, table } from './tables.ts'

/** The report in Markdown. Pure. */
export function renderReport(results: Results): string {
  const { workloads, waiting, kills, memory, skipped } = results
  return [
    `# Bench, ${results.date.slice(0, 10)}`,
    '',
    `- Command: \`${results.command}\``,
    `- Commit: ${results.commit}${results.baseline ? `; before: ${results.baseline}` : ''}`,
    `- Machine: ${results.machine}`,
    `- Load average: ${results.loadBefore.toFixed(1)} before, ${results.loadAfter.toFixed(1)} after. With more than one runnable process a core, quote ratios and counts only.`,
    `- Temporal: the embedded development server, SQLite with WAL and synchronous=normal, transfer queue not paced. PostgreSQL with its own defaults, fsync on.`,
    `- Restate: ${versionsOf('restate')}. DBOS: ${versionsOf('dbos')}.`,
    '',
    `Arms take turns in blocks (A B C, then C B A), ${results.rounds} blocks each, on a Temporal server and a database of their own; hand-written workflows share ours.`,
    'A ratio is taken block by block. Shown are the median and, in parentheses, the middle half. Arms that are no whole stack run against a Jobs API in',
    'memory: what is left is orchestration. Whole stacks execute the job runs, too (`sleep`, one output, log lines).',
    ...skipped.flatMap(({ arm, why }) => ['', `Left out: ${arm}. ${why}`]),
    ...workloads.flatMap(section),
    ...(waiting.length > 0 ? waitingSection(waiting) : []),
    ...(kills.length > 0 ? ['', '## Kills', '', '```text', ...kills, '```'] : []),
    ...(memory.length > 0 ? memorySection(results) : []),
    '',
  ].join('\n')
}

function section(result: WorkloadResult): string[] {
  const { title, runs, steps } = result
  return [
    '',
    `## ${title}`,
    '',
    `A block is ${runs} ${runs === 1 ? 'run' : 'runs'} of ${steps / runs} ${steps === runs ? 'step' : 'steps'}.`,
    '',
    costTable(result),
    '',
    countsTable(result),
    ...(ratiosOf(result).length > 0 ? ['', ratiosTable(result)] : []),
  ]
}

function waitingSection(waiting: readonly WaitingResult[]): string[] {
  const cores = (cpuMs: Readonly<Record<string, number>>, ms: number) =>
    Object.entries(cpuMs)
      .map(([label, spent]) => `${label} ${(spent / ms).toFixed(3)}`)
      .join(', ')
  return [
    '',
    '## Waiting',
    '',
    table(
      ['arm', 'waits', 'filled in, s', 'cores while filling', 'cores while holding'],
      waiting.map((each) => [
        each.arm,
        String(each.waits),
        (each.fillMs / 1000).toFixed(0),
        cores(each.fillCpuMs, each.fillMs),
        cores(each.holdCpuMs, each.holdMs),
      ]),
    ),
  ]
}

function memorySection({ memory, installedMiB }: Results): string[] {
  return [
    '',
    '## Memory and disk',
    '',
    'Resident, of the embedded stack with our own API server (PGlite): when it is ready, and after chains on it; and what it spends while nothing happens.',
    '',
    table(
      ['process', 'ready, MiB', 'used, MiB', 'cores while idle'],
      memory.map((row) => [
        row.process,
        row.freshMiB.toFixed(0),
        row.usedMiB.toFixed(0),
        row.idleCores.toFixed(3),
      ]),
    ),
    '',
    `Installed: ${installedMiB.toFixed(0)} MiB of packages that the published one depends on (Node.js and Temporal's CLI not counted).`,
  ]
}
