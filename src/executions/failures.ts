import { isGrpcServiceError, ServiceError, WorkflowNotFoundError } from '@temporalio/client'

/** Those of gRPC's statuses that mean something to us. */
export const grpcStatus = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  failedPrecondition: 9,
} as const

/** With which status of gRPC a call to Temporal failed; undefined where it failed otherwise. */
export function grpcStatusOf(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error
  return isGrpcServiceError(cause) ? cause.code : undefined
}

/** undefined of a workflow that Temporal does not know any more, or that is over where it would have to be open. */
export async function ifThere<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}
