export type {
  BackfillOrder,
  BackfillPlan,
  BackfillScope,
  BackfillView,
  StartedBackfill,
} from '../contract/schedules/backfills.ts'
export type {
  ScheduleChange,
  ScheduleView,
  SimulatedTick,
  Simulation,
  TickOutcome,
  TickReason,
  TickRow,
} from '../contract/schedules/view.ts'
export { BackfillNotFoundError } from './backfill-look.ts'
export type { BackfillOptions, ListBackfills, StartBackfill } from './backfill-types.ts'
export { SchedulesClient } from './client.ts'
export { ScheduleNotFoundError } from './errors.ts'
export type { SchedulesClientOptions } from './options.ts'
export type {
  ListSchedules,
  NewSchedule,
  PauseSchedule,
  ReadLedger,
  SchedulePage,
  SimulateSchedule,
  TriggeredRun,
  TriggerSchedule,
} from './types.ts'
