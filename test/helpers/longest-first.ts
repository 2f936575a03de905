import { statSync } from 'node:fs'
import path from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Of the files that take longest, longest first: begun last, one of them would go on alone in the end. */
const longest = [
  'faults/foreign',
  'faults/own',
  'build',
  'e2e/steering',
  'run-job/run-job',
  'e2e/restarts',
  'cli/run',
  'testing/in-memory/same-as-engine',
  'dev-stack/stack',
  'e2e/lost-tasks',
  'cli/jobs',
  'workflows/run-pipeline',
  'e2e/pipeline-events',
  'e2e/cancel',
  'e2e/cancel-lost-task',
  'e2e/many-runs',
  'executor/isolation',
  'workflows/backfill',
  'e2e/schedules',
  'e2e/installations',
  'examples/start',
  'e2e/foreign',
  'schedules/client',
  'workflows/keep-schedule',
  'testing/run-under-faults',
  'executor/execute-job-run',
  'server',
  'cli/process',
  'e2e/pipeline-api',
  'examples/readme-live',
  'e2e/waits',
  'examples/pdu-review',
  'e2e/presence',
  'e2e/sweeper',
  'cli/dev',
]

/** Rooms whose tests start processes. */
const heavyRooms = ['e2e', 'dev-stack', 'testing', 'temporal', 'examples', 'cli', 'server', 'executor']

/** The same order on each machine, also on the first run: what vitest remembers of earlier runs is not asked. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = new Map(files.map((file) => [file, rankOf(file.moduleId)]))
    const size = new Map(files.map((file) => [file, statSync(file.moduleId).size]))
    return files.toSorted(
      (a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0) || (size.get(b) ?? 0) - (size.get(a) ?? 0),
    )
  }
}

function rankOf(file: string): number {
  const name = path
    .relative(path.dirname(import.meta.dirname), file)
    .split(path.sep)
    .join('/')
  const at = longest.indexOf(name.replace(/\.test\.ts$/, ''))
  if (at !== -1) return at
  const room = heavyRooms.indexOf(name.split('/')[0] ?? '')
  return longest.length + (room === -1 ? heavyRooms.length : room)
}
