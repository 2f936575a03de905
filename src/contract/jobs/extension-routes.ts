import { z } from 'zod'
import type { RouteDescriptor } from '../route-descriptor.ts'
import * as s from './schemas.ts'
import { targets } from './targets.ts'

const jobRunId = z.object({ job_run_id: s.uuid })
const output = z.object({ job_run_id: s.uuid, name: z.string() })
// What names are made of is checked, and told, by the services.
const name = (description: string) =>
  z.string().meta({ description, minLength: 1, maxLength: s.limits.nameCharacters })
const collection = z.object({
  collection: name(
    'No slash or backslash, no control character, no white space at its ends; not `.` or `..`',
  ),
})
const documentPath = collection.extend({
  path: z.string().meta({
    description:
      'Relative, such as `specs/power.md`: no empty, `.` or `..` segment, no backslash, no control character',
    minLength: 1,
    maxLength: s.limits.pathCharacters,
  }),
})
const system = z.object({
  system: name('Slashes as `%2F`; no control character, no white space at its ends; not `.` or `..`'),
})

/** Extensions, each advertised in the capabilities. */
export const extensionRoutes = {
  getCapabilities: {
    ...targets.getCapabilities,
    operationId: 'getCapabilities',
    summary: 'What this server offers beyond the reference',
    tag: 'Server',
    auth: 'token',
    status: 200,
    response: s.capabilitiesSchema,
    problems: [],
  },
  whoami: {
    ...targets.whoami,
    operationId: 'whoami',
    summary: 'The workspace and the email that the token belongs to',
    tag: 'Server',
    auth: 'token',
    status: 200,
    response: s.whoamiSchema,
    problems: [],
  },
  listJobRunChanges: {
    ...targets.listJobRunChanges,
    operationId: 'listJobRunChanges',
    summary: 'Status changes in order; without `after` it starts now',
    tag: 'Job runs',
    auth: 'token',
    query: s.changesQuery,
    status: 200,
    response: s.changesSchema,
    problems: [],
  },
  cancelByKey: {
    ...targets.cancelByKey,
    operationId: 'cancelByKey',
    summary: 'Cancel what an idempotency key started, and bar the key',
    tag: 'Job runs',
    auth: 'token',
    body: s.cancelByKeyBody,
    status: 200,
    response: s.cancelByKeySchema,
    problems: [],
  },
  setClientRef: {
    ...targets.setClientRef,
    operationId: 'setClientRef',
    summary: 'Attach a reference to a job run, unless it is over; answers the run as it is now',
    tag: 'Job runs',
    auth: 'token',
    params: jobRunId,
    body: s.clientRefBody,
    status: 200,
    response: s.jobRunSchema,
    problems: [404],
  },
  listJobRunLogs: {
    ...targets.listJobRunLogs,
    operationId: 'listJobRunLogs',
    summary: 'Log lines of a job run, oldest first',
    tag: 'Job runs',
    auth: 'token',
    params: jobRunId,
    query: s.logsQuery,
    status: 200,
    response: s.listOf(s.logLineSchema),
    problems: [404],
  },
  getOutput: {
    ...targets.getOutput,
    operationId: 'getOutput',
    summary: 'Download an output',
    tag: 'Job runs',
    auth: 'token',
    params: output,
    status: 200,
    response: 'bytes',
    problems: [404],
  },
  putDocument: {
    ...targets.putDocument,
    operationId: 'putDocument',
    summary: 'Store a document',
    tag: 'Documents',
    auth: 'token',
    params: documentPath,
    body: 'bytes',
    status: 200,
    response: s.documentSchema,
    problems: [],
  },
  getDocument: {
    ...targets.getDocument,
    operationId: 'getDocument',
    summary: 'Download a document',
    tag: 'Documents',
    auth: 'token',
    params: documentPath,
    status: 200,
    response: 'bytes',
    problems: [404],
  },
  deleteDocument: {
    ...targets.deleteDocument,
    operationId: 'deleteDocument',
    summary: 'Delete a document',
    tag: 'Documents',
    auth: 'token',
    params: documentPath,
    status: 200,
    response: s.messageSchema,
    problems: [404],
  },
  listDocuments: {
    ...targets.listDocuments,
    operationId: 'listDocuments',
    summary: 'List the documents of a collection, by path',
    tag: 'Documents',
    auth: 'token',
    params: collection,
    status: 200,
    response: s.listOf(s.documentSchema),
    problems: [],
  },
  getMetagraph: {
    ...targets.getMetagraph,
    operationId: 'getMetagraph',
    summary: 'Get the graph of a system, with its ETag',
    tag: 'Metagraphs',
    auth: 'token',
    params: system,
    status: 200,
    response: s.metagraphSchema,
    problems: [404],
  },
  putMetagraph: {
    ...targets.putMetagraph,
    operationId: 'putMetagraph',
    summary: 'Replace the graph of a system',
    tag: 'Metagraphs',
    auth: 'token',
    params: system,
    body: s.metagraphSchema,
    headers: ['If-Match', 'If-None-Match'],
    status: 200,
    response: s.metagraphSchema,
    problems: [412],
  },
} as const satisfies Record<string, RouteDescriptor>
