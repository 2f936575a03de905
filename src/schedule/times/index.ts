export { type Cron, parseCron } from './cron.ts'
export { type TemporalSpec, temporalSpec } from './temporal-spec.ts'
export { nextTicks, ticksBetween } from './ticks.ts'
export { type Transition, type Zone, zoneOf } from './zones.ts'
