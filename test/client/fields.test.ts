import { expect, test } from 'vitest'
import type { Json } from '../../src/base/json.ts'
import { readCapabilities, readChanges, readJob, readJobRun, readWhoami } from '../../src/client/responses.ts'
import {
  type Capabilities,
  capabilitiesSchema,
  type Job,
  type JobRun,
  jobRunSchema,
  jobSchema,
  type Whoami,
  whoamiSchema,
} from '../../src/contract/index.ts'
import { allCapabilities } from '../helpers/capabilities.ts'

const uuid = '0199a7f0-0000-7000-8000-000000000000'
const time = '2026-04-13T10:10:00.000000'

/** Every field has a value that no reader falls back to; a field that the contract gains is missed by the compiler. */
const job: Required<Job> = {
  uuid,
  name: 'n',
  description: 'd',
  config: { job_type: 't' },
  is_deleted: true,
  created_by: 'b',
  created_at: time,
  updated_at: time,
  source_session_id: uuid,
  source_project_id: uuid,
}
const run: Required<JobRun> = {
  uuid,
  job_id: uuid,
  job_name: 'n',
  config: { job_type: 't' },
  status: 'failed',
  created_by: 'b',
  created_at: time,
  updated_at: time,
  is_deleted: true,
  output_references: [
    { type: 't', uuid, name: 'o', media_type: 'text/plain', size_bytes: 1, href: '/o', value: [1] },
  ],
  error: { code: 'c', message: 'm' },
  started_at: time,
  finished_at: time,
  cancel_requested_at: time,
  attempt: 2,
  progress: { fraction: 0.5, message: 'm' },
  client_ref: 'r',
}
const capabilities: Required<Capabilities> = allCapabilities
const whoami: Required<Whoami> = { workspace: 'w', email: 'a@b', installation: 'i' }

test('a change has its own status and time; from a server that tells none, those of its run', () => {
  const change = { cursor: '1', status: 'running', at: '2026-04-13T10:09:59.000000', job_run: run }
  expect(readChanges({ changes: [change as unknown as Json], cursor: '2' }, '').changes).toEqual([change])
  const { status: _status, at: _at, ...older } = change
  expect(readChanges({ changes: [older as unknown as Json], cursor: '2' }, '').changes).toEqual([
    { ...older, status: 'failed', at: time },
  ])
})

test.each([
  ['job', jobSchema, readJob, job],
  ['job run', jobRunSchema, readJobRun, run],
  ['capabilities', capabilitiesSchema, readCapabilities, capabilities],
  ['caller', whoamiSchema, readWhoami, whoami],
] as const)('the reader of a %s keeps every field of the contract', (_what, schema, read, full) => {
  expect(Object.keys(full).toSorted()).toEqual(Object.keys(schema.shape).toSorted())
  expect(schema.parse(full)).toEqual(full)
  expect(read(JSON.parse(JSON.stringify(full)), '')).toEqual(full)
})
