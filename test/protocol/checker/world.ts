import type { SeenRun } from '../../../src/protocol/index.ts'

/** What truly is on the server, whatever anybody was told. Time is in ticks of a second. */

export const tickMs = 1_000

export interface ServerRun {
  id: string
  jobId: string
  /** From then on it is there. */
  commitTick: number
  isOurs: boolean
  createdBy: string
  /** What the echo of its config says to whoever compares it with theirs. */
  sameConfig: boolean | null
  /** When it is over by itself; `Infinity`: never. */
  endTick: number
  cancelTick: number
}

export interface World {
  /** Ours, as Temporal keeps it. */
  nowTick: number
  runs: ServerRun[]
  /** When each of our POSTs left; `commitTick` is `Infinity` for what was dropped. */
  posts: { leftTick: number; commitTick: number }[]
}

/** The server's clock is off by hours, and so nothing may compare it with ours. */
const serverEpochMs = Date.UTC(2031, 0, 1)
const timestamps = Array.from({ length: 400 }, (_, tick) =>
  new Date(serverEpochMs + (tick - 100) * tickMs).toISOString().slice(0, -1),
)

export function createWorld(strangers: readonly ServerRun[] = []): World {
  return { nowTick: 0, runs: [...strangers], posts: [] }
}

export function isActive(run: ServerRun, tick: number): boolean {
  return run.commitTick <= tick && tick < Math.min(run.endTick, run.cancelTick)
}

export function statusOf(run: ServerRun, tick: number): string {
  if (isActive(run, tick)) return 'running'
  return run.cancelTick < run.endTick ? 'cancelled' : 'completed'
}

/** As an answer shows a run. */
export function shown(run: ServerRun, tick: number): SeenRun {
  return {
    jobRunId: run.id,
    jobId: run.jobId,
    status: statusOf(run, tick),
    createdAt: timestamps[run.commitTick + 100] ?? '',
    createdBy: run.createdBy,
    sameConfig: run.sameConfig,
  }
}

/** The runs of a job that were there at some tick. */
export function runsAt(world: World, jobId: string, tick: number): ServerRun[] {
  return world.runs.filter((run) => run.jobId === jobId && run.commitTick <= tick)
}

export const ours = (world: World): ServerRun[] =>
  world.runs.filter(({ isOurs, commitTick }) => isOurs && commitTick < Number.POSITIVE_INFINITY)
