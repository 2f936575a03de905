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
