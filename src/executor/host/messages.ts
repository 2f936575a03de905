import type { Assignment, HandlerEnd } from '../handlers.ts'
import type { LogLevel } from '../reporter.ts'

/** What a worker and a process of handlers say to each other. Plain data; `key` names an assignment between the two. */

export type ToHost =
  | { kind: 'ping'; key: number }
  | { kind: 'run'; key: number; assignment: Assignment }
  /** The handler shall stop; `reason` says why. */
  | { kind: 'stop'; key: number; reason: string }

export type FromHost =
  | { kind: 'ready' }
  | { kind: 'pong'; key: number }
  | { kind: 'log'; key: number; level: LogLevel; message: string; atMs: number }
  | { kind: 'progress'; key: number; fraction: number; message?: string | undefined }
  | { kind: 'warn'; key: number; fields: object; message: string }
  | { kind: 'ended'; key: number; end: HandlerEnd }
  /** Something broke outside of any promise: what this process holds in memory is not to be relied on for new work. */
  | { kind: 'shaken'; fields: object; message: string }
