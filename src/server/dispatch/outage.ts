import { messageWithCauses } from '../../base/causes.ts'

/** Where the loops tell what they do. Fits pino. */
export interface DispatchLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Tells of an outage once when it begins and once when it is over, not at every try between. */
export interface Outage {
  failed(error: unknown, fields?: object): void
  worked(): void
}

/** @param what the thing that can be away, as a subject: `Temporal` */
export function createOutage(log: DispatchLog, what: string): Outage {
  let since: number | undefined
  return {
    failed(error, fields = {}) {
      if (since !== undefined) return
      since = performance.now()
      log.warn({ ...fields, reason: messageWithCauses(error) }, `${what} fails; trying again until it works`)
    },
    worked() {
      if (since === undefined) return
      log.info({ outageMs: Math.round(performance.now() - since) }, `${what} works again`)
      since = undefined
    },
  }
}
