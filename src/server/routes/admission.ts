import type { Context } from 'hono'
import {
  type OperationId,
  pipelineRoutes,
  type RouteDescriptor,
  scheduleRoutes,
  workerRoutes,
} from '../../contract/index.ts'
import { type Admission, Overloaded } from '../services/admission.ts'
import { ApiProblem } from '../services/problems.ts'
import type { Rank } from '../services/turns.ts'

type Operations = readonly OperationId[]

/** They cost next to nothing, and clients ask them first. */
const always: Operations = ['getCapabilities', 'whoami', 'listJobSchemas']
const cancels: Operations = ['cancelJobRun', 'cancelByKey']
/** By these, work that was begun is followed to its end. */
const follows: Operations = ['listJobRunChanges', 'getJobRun', 'setClientRef', 'getOutput']
/** What these begin is begun in Temporal, and ends up here. */
const beginsElsewhere: Operations = ['startPipelineRun', 'triggerSchedule', 'startBackfill']

/** The rank of a request; `unranked` of one that is always let in, as its time is spent elsewhere or is none. */
function rankOf(operationId: OperationId): Rank | 'unranked' {
  if (Object.hasOwn(workerRoutes, operationId) || cancels.includes(operationId)) return 'report'
  const isElsewhere = Object.hasOwn(pipelineRoutes, operationId) || Object.hasOwn(scheduleRoutes, operationId)
  if (isElsewhere || always.includes(operationId)) return 'unranked'
  return follows.includes(operationId) ? 'follow' : 'rest'
}

/** Answers when its turn has come; 503 `overloaded`, with nothing done and not one byte of the body read, when that would be too late. */
export async function admitted<T>(
  c: Context,
  { operationId }: RouteDescriptor,
  admission: Admission,
  answer: () => Promise<T>,
): Promise<T> {
  const id = operationId as OperationId
  const rank = rankOf(id)
  try {
    if (beginsElsewhere.includes(id)) admission.check('rest')
    return await (rank === 'unranked' ? answer() : admission.admit(rank, c.req.raw.signal, answer))
  } catch (error) {
    throw error instanceof Overloaded ? overloaded(error) : error
  }
}

function overloaded({ retryAfterMs }: Overloaded): ApiProblem {
  const seconds = Math.max(1, Math.round(retryAfterMs / 1_000))
  const detail = `More requests than can be answered in time; nothing was done, send it again in ${seconds} s`
  return new ApiProblem(503, 'overloaded', detail, { headers: { 'Retry-After': String(seconds) } })
}
