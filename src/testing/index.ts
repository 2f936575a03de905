export type { ClientOutcome } from './deliver.ts'
export type {
  CancelIntent,
  Expectations,
  ExpectedStep,
  ReportedOutcome,
  ViolatedRule,
  Violation,
} from './expectations.ts'
export { type Fault, type FaultBounds, type FaultKind, faultKinds } from './faults.ts'
export type { HeldExchange, Hold, HoldAt, HoldPoint } from './hold-points.ts'
export { judge } from './judge.ts'
export type { Operation } from './operations.ts'
export { type FaultProxy, type FaultProxyOptions, type ProxyLogEntry, startFaultProxy } from './proxy.ts'
export { type RunUnderFaults, runUnderFaults, type Verdict } from './run-under-faults.ts'
export { type FaultRule, type FaultScript, type SeedOptions, scriptFromSeed } from './script.ts'
export {
  type MadeRun,
  parseServerLog,
  type RequestEntry,
  type RunStatusEntry,
  type ServerLogEntry,
} from './server-log.ts'
