export type { Command } from './command.ts'
export { type Habits, noHabits } from './habits.ts'
export { type ForeignProcess, startForeignProcess } from './process.ts'
export { type ForeignServer, type ForeignServerOptions, startForeignServer } from './server.ts'
export type { PlantedRun } from './state.ts'
export type {
  ChangeLogEntry,
  Endpoint,
  EndStatus,
  Job,
  RequestLogEntry,
  Run,
  Status,
} from './types.ts'
