import { defineQuery, defineUpdate } from '@temporalio/workflow'
import { backfillNames } from '../contract/names.ts'
import type { BackfillView } from '../contract/schedules/backfills.ts'
import type { BackfillRequest, BackfillState, ScheduleDefinition } from '../schedule/plan/index.ts'
import type { PipelineTiming } from './messages.ts'

/** The argument of `runBackfill`. */
export interface RunBackfillInput {
  /** As people know it; the workflow's own id is made of it. */
  id: string
  /** The schedule as it was when the backfill began. */
  definition: ScheduleDefinition
  /** Of the schedule, as it was then. */
  revision: number
  request: BackfillRequest
  /** How many ticks there are in the range, when it began. */
  ticks: number
  /** Who asked for it. */
  owner?: string
  /** How patient its runs are. */
  timing: PipelineTiming
  /** Carried across continue-as-new; absent at the start. */
  state?: BackfillState
}

/** What can be read of a backfill without a worker. */
export interface BackfillMemo {
  backfill: string
  schedule: string
  pipeline: string
  workspace?: string
  owner?: string
  request: BackfillRequest
  ticks: number
  startedAtMs: number
  status?: BackfillView['status']
}

export interface PauseBackfill {
  note?: string
  by?: string
}

export const backfillQuery = defineQuery<BackfillView>(backfillNames.view)
export const pauseBackfillUpdate = defineUpdate<BackfillView, [PauseBackfill]>(backfillNames.pause)
export const resumeBackfillUpdate = defineUpdate<BackfillView>(backfillNames.resume)
