export { requireRange, requireSchedule, requireScheduleName } from './check.ts'
export { type SimulationOptions, simulate } from './simulate.ts'
