import { type Comparison, comparisonsOf, type Verdict, verdictOf } from './comparisons.ts'
import type { Results, WorkloadResult } from './results.ts'
import { costTable, countsTable, ratiosOf, spread, table } from './tables.ts'

/**
 * `docs/performance.md` from what a run of the bench found. Pure: which figures flatter us is decided by the figures.
 * @param report where they are kept, as seen from `docs/`, without its extension
 */
export function renderPage(results: Results, report: string): string {
  const comparisons = comparisonsOf(results)
  return `${[
    '# Performance',
    '',
    `<!-- Made by: node bench/write-page.ts ${report.replace('../', '')}.json -->`,
    '',
    `Measured on ${results.date.slice(0, 10)}, ${results.machine}; load average ${results.loadBefore.toFixed(1)} before and ${results.loadAfter.toFixed(1)} after. Commit ${results.commit}.`,
    `Every figure comes from [one run](${report}.md), \`${results.command}\`, in ${results.rounds} blocks; none is typed by hand, and what is ahead and what is behind is sorted by the figures.`,
    'Others: [what else was measured](figures.md).',
    '',
    ...reading,
    '',
    ...sides(comparisons),
    '',
    ...gap,
    ...before(results.workloads),
    '',
    '## What a step costs',
    '',
    ...floors,
    ...results.workloads.flatMap((result) => [
      '',
      `### ${result.title}`,
      '',
      costTable(result),
      '',
      countsTable(result),
    ]),
    '',
    ...repeating,
  ].join('\n')}\n`
}

const reading = [
  '## How to read it',
  '',
  'The work is the same for all: make a job, trigger its run, wait for its end, go on. Jobwright and the others run it against a Jobs API in memory whose runs last as long as',
  'they are told to, so that what is left is orchestration. Hand-written Temporal has one or three activities a step and asks every half second; Restate and DBOS have one step function',
  'for each job run, which asks every half second too; the plain loop keeps nothing, and loses everything with its process. "Own stack" is all of Jobwright: the API server executes the runs.',
  '',
  'A figure is a median, with the middle half in parentheses. Arms take turns, and ratios are taken block by block: what slows the machine meets all. Quote ratios from one run, and counts;',
  'a bare time says more about the machine.',
]

const titles: Record<Verdict, { title: string; none: string }> = {
  behind: { title: 'Where Jobwright is behind', none: 'Nothing in this run.' },
  ahead: { title: 'Where Jobwright is ahead', none: 'Nothing in this run.' },
  even: { title: 'Where there is no difference to speak of', none: 'Nothing in this run.' },
}

function sides(comparisons: readonly Comparison[]): string[] {
  const of = (verdict: Verdict) => comparisons.filter((each) => verdictOf(each) === verdict)
  return (['behind', 'ahead', 'even'] as const).flatMap((verdict, index) => [
    ...(index > 0 ? [''] : []),
    `## ${titles[verdict].title}`,
    '',
    of(verdict).length === 0
      ? titles[verdict].none
      : table(
          ['load', 'measure', 'against', 'ratio'],
          of(verdict).map((each) => [
            each.load,
            each.measure,
            each.against,
            each.ratios.length === 1 ? (each.ratios[0] ?? Number.NaN).toFixed(2) : spread(each.ratios),
          ]),
        ),
  ])
}

const gap = [
  '## When others are the better choice',
  '',
  'Where steps are functions of some milliseconds in one program, Restate and DBOS carry out more of them a second, and that will stay so: they write a record or a row a step, where',
  "Temporal's history takes several, a workflow task with them, and a step here is a job run with a key, a record and outputs besides. What Jobwright is for is runs that last: seconds to days, on a server",
  'that somebody else runs, triggered once, cancelled for sure, told of by the server as they end, with nothing held while they run.',
]

/** This version beside the other one that took part. */
function before(workloads: readonly WorkloadResult[]): string[] {
  const rows = workloads.flatMap((result) =>
    ratiosOf(result)
      .filter(({ base }) => base.endsWith('before'))
      .map(({ title, wall, cpu }) => [result.title, title, spread(wall), spread(cpu)]),
  )
  if (rows.length === 0) return []
  return [
    '',
    '## Against the version before',
    '',
    table(['load', 'arm', 'wall time', 'CPU of all processes'], rows),
  ]
}

const floors = [
  "The floor of Temporal's own commands for a run of n steps in a row: one activity a step takes 5 + 6n events and 1 + n workflow tasks; three activities 5 + 18n and 1 + 3n; a child workflow with one activity for each",
  'step 5 + 20n in all; a local activity that is over within its workflow task one event. A fan-out needs fewer workflow tasks than steps, since what ends together is taken together.',
]

const repeating = [
  '## How to repeat it',
  '',
  '```sh',
  'npm run bench                                   # a few minutes: chains and fan-outs',
  'npm run bench -- --only hold-100 --arms ours,temporal1,restate --rounds 6',
  'npm run bench -- --full --baseline ../baseline  # everything, an hour or more on a quiet machine',
  '```',
  '',
  'The other version is a checkout of this project with its packages, by `git worktree add ../baseline COMMIT` for instance; it runs from its own sources, in processes of its own. All of it runs on Linux, where the CPU of each',
  'process can be read. Restate and DBOS are installed from npm into the cache of the user, never into the project; without a network they are left out, and the report says so. Everything that is started ends with it.',
  '`node bench/write-page.ts REPORT.json` makes this page from a report.',
]
