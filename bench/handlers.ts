import { builtInJobTypes } from '../src/built-in/index.ts'
import type { JobRun } from '../src/contract/index.ts'
import { handlersApart, handlersHere } from '../src/executor/index.ts'
import { createRegistry } from '../src/job-types/index.ts'
import { handlerHost, handling } from '../src/worker/handlers.ts'

/**
 * What it costs to run a handler apart from the worker: `node bench/handlers.ts`. One at a time, and a hundred at once; a handler
 * that does nothing but store an output that nobody takes would measure HTTP, so the config is one that is refused.
 */
const rounds = 3_000
const width = 100

const server = { baseUrl: 'http://127.0.0.1:9/api/v1', token: 'bench', timeoutMs: 1_000 }
const log = {
  info: () => undefined,
  warn: (fields: object, message: string) => console.error(message, fields),
}
const registry = createRegistry(builtInJobTypes)
const program = handlerHost({ configFile: undefined, server })
const places = {
  'in the worker': handlersHere(handling(server, { registry, secrets: {} })),
  apart: handlersApart(program, log),
}

const jobRun = {
  uuid: 'bench',
  job_id: 'bench',
  job_name: 'bench',
  config: { job_type: 'sleep' },
  output_references: [],
}
const assignment = { jobRun: jobRun as unknown as JobRun, jobType: 'sleep', workspace: 'bench', attempt: 1 }
const never = new AbortController().signal
const control = { stop: never, abandon: never, isolation: 'shared' } as const
const events = { log: () => undefined, progress: () => undefined, warn: () => undefined }

for (const [place, handlers] of Object.entries(places)) {
  const run = () => handlers.run(assignment, control, events)
  for (let round = 0; round < 500; round++) await run()
  const startedAt = performance.now()
  for (let round = 0; round < rounds; round++) await run()
  const oneByOne = (performance.now() - startedAt) / rounds
  const togetherAt = performance.now()
  for (let round = 0; round < rounds / width; round++) await Promise.all(Array.from({ length: width }, run))
  const together = (performance.now() - togetherAt) / rounds
  console.log(`${place}: ${oneByOne.toFixed(3)} ms a run, ${together.toFixed(3)} with ${width} at once`)
  await handlers.close()
}
