import { isGrpcServiceError, NamespaceNotFoundError, ServiceError } from '@temporalio/client'
import { messageWithCauses, rootMessageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'

/** Temporal does not answer at an address, or not as it should. */
export class TemporalUnreachableError extends JobwrightError {
  override readonly name = 'TemporalUnreachableError'
  readonly address: string
  constructor(address: string, cause: unknown) {
    super({
      code: 'temporal_unreachable',
      fault: 'unreachable',
      message: `Temporal at ${address} does not answer: ${rootMessageOf(cause)}`,
      fix: 'start it, or correct TEMPORAL_ADDRESS; `jobwright dev` starts a whole stack here',
      cause,
    })
    this.address = address
  }
}

/**
 * gRPC statuses that say no for good: INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED,
 * FAILED_PRECONDITION, OUT_OF_RANGE, UNIMPLEMENTED, UNAUTHENTICATED.
 */
const refusals: readonly number[] = [3, 5, 6, 7, 9, 11, 12, 16]

/** What Temporal's client throws when a call fails, as an error of ours; anything else as it is. */
export function fromTemporal(error: unknown): unknown {
  if (error instanceof NamespaceNotFoundError)
    return new JobwrightError({
      code: 'unknown_namespace',
      fault: 'refused',
      message: `this Temporal server has no namespace ${error.namespace}`,
      fix: 'create it, or correct TEMPORAL_NAMESPACE',
      cause: error,
    })
  const status = error instanceof ServiceError ? error.cause : error
  const isStatus = isGrpcServiceError(status)
  if (!isStatus && !(error instanceof ServiceError)) return error
  const refused = isStatus && refusals.includes(status.code)
  return new JobwrightError({
    code: refused ? 'temporal_refused' : 'temporal_failed',
    fault: refused ? 'refused' : 'unreachable',
    message: messageWithCauses(error),
    cause: error,
  })
}

/** For `catch` of a promise: throws what `fromTemporal` makes of it. */
export function throwFromTemporal(error: unknown): never {
  throw fromTemporal(error)
}
