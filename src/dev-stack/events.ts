export type PartName = 'temporal' | 'server' | 'worker'

/** What happens to the stack while it starts, runs and stops. */
export type StackEvent =
  | { kind: 'note'; message: string }
  /** A note for those who ask for all of them. */
  | { kind: 'detail'; message: string }
  | { kind: 'ready'; part: PartName; tookMs: number }
  | { kind: 'restarting'; part: PartName; how: string; delayMs: number }
  | { kind: 'leftover_ended'; part: string; pid: number }
  | { kind: 'stopping'; atMostMs: number }
  | { kind: 'stopped'; tookMs: number }

export const partLabels: Readonly<Record<PartName, string>> = {
  temporal: 'Temporal',
  server: 'API server',
  worker: 'Worker',
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** One line for a person. */
export function describeStackEvent(event: StackEvent): string {
  switch (event.kind) {
    case 'note':
    case 'detail':
      return event.message
    case 'ready':
      return `${partLabels[event.part]} ready in ${seconds(event.tookMs)}`
    case 'restarting': {
      const when = event.delayMs === 0 ? 'now' : `in ${seconds(event.delayMs)}`
      return `${partLabels[event.part]} ended (${event.how}); starting it again ${when}`
    }
    case 'leftover_ended':
      return `Ended what an earlier stack left behind: ${event.part} (process ${event.pid})`
    case 'stopping':
      return `Stopping; what is running gets up to ${seconds(event.atMostMs)} to end`
    case 'stopped':
      return `Stack stopped in ${seconds(event.tookMs)}`
    default:
      return assertExhaustive(event)
  }
}

function assertExhaustive(value: never): never {
  throw new Error(`unexpected event ${JSON.stringify(value)}`)
}
