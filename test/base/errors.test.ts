import { globSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Fault, faults, JobwrightError } from '../../src/base/errors.ts'
import { describeFailure, toFailure } from '../../src/base/failure.ts'
import { ProcessLockedError } from '../../src/base/process-lock.ts'
import { JobsApiError, type JobsApiErrorDetails } from '../../src/client/errors.ts'
import { ShapeError } from '../../src/client/reading.ts'
import { UnusableSchemaError } from '../../src/config-schema/index.ts'
import { Unfounded, Unmet } from '../../src/conformance/lab.ts'
import { StackError } from '../../src/dev-stack/errors.ts'
import { TemporalBinaryError } from '../../src/dev-stack/temporal-cli/acquire.ts'
import { ExpressionError } from '../../src/expressions/errors.ts'
import { JobRunError, JobTypeDefinitionError, RetryableError } from '../../src/job-types/errors.ts'
import { UserConfigError } from '../../src/job-types/user-config.ts'
import { BuilderError } from '../../src/pipeline/build/mistakes.ts'
import { PipelineFindingsError } from '../../src/pipeline/index.ts'
import { StepFailure } from '../../src/pipeline/plan/step-failure.ts'
import { PipelineRunError, PipelineRunNotFoundError } from '../../src/pipelines/index.ts'
import { BackfillNotFoundError } from '../../src/schedules/backfill-look.ts'
import { ScheduleNotFoundError } from '../../src/schedules/errors.ts'
import { Overloaded } from '../../src/server/services/admission.ts'
import { ApiProblem } from '../../src/server/services/problems.ts'
import { SearchAttributesError, TemporalUnreachableError } from '../../src/temporal/index.ts'
import { runView } from '../cli/helpers.ts'

const everyFault = Object.keys(faults) as Fault[]
const ours = (fault: Fault) => new JobwrightError({ code: 'some_code', fault, message: 'found', fix: 'do' })

describe('a failure', () => {
  test.each(everyFault)('of ours that is %s has the exit code of the table', (fault) => {
    const { exitCode } = faults[fault]
    expect(toFailure(ours(fault))).toEqual({
      code: 'some_code',
      fault,
      message: 'found',
      fix: 'do',
      exitCode,
    })
  })

  test.each<[string, unknown]>([
    ['a mistake in the code', new TypeError('x is not a function')],
    ['an error of the system', Object.assign(new Error('no'), { code: 'ECONNREFUSED' })],
    ['one whose code looks like ours', Object.assign(new Error('no'), { code: 'temporal_unreachable' })],
    ['one whose name looks like ours', Object.assign(new Error('no'), { name: 'JobsApiError' })],
    [
      'one that has every field of ours',
      Object.assign(new Error('no'), { code: 'a', fault: 'usage', fix: 'b' }),
    ],
    ['a driver’s', Object.assign(new Error('no'), { code: '57P01' })],
    ['an object', { code: 'some_code', fault: 'usage', message: 'no' }],
    ['a text', 'no'],
    ['nothing', undefined],
  ])('that is %s is a defect, whatever its code', (_what, error) => {
    const failure = toFailure(error)
    expect(failure).toMatchObject({ code: 'defect', fault: 'defect', fix: undefined, exitCode: 70 })
    if (error instanceof Error) expect(failure.message).toContain(import.meta.filename)
  })

  test('that is a defect tells its causes below its stack', () => {
    const { message } = toFailure(new Error('outer', { cause: new Error('inner') }))
    expect(message).toMatch(/^Error: outer\n\s+at .*\ncaused by: inner$/s)
  })

  test('is told with what to do', () => {
    expect(describeFailure('it', toFailure(ours('usage')))).toBe('it: found\n  → do\n')
    expect(describeFailure('it', { message: 'found' })).toBe('it: found\n')
  })
})

/** One of every class that src exports; of those that carry the code that they are given, any code. */
const examples: Record<string, JobwrightError> = {
  ApiProblem: new ApiProblem(404, 'unknown_job', 'no such job'),
  BackfillNotFoundError: new BackfillNotFoundError('x'),
  BuilderError: new BuilderError({ code: 'x', message: 'y', fix: 'z', mark: {} }),
  ExpressionError: new ExpressionError('expression_syntax', 'expected a value'),
  JobRunError: new JobRunError('out_of_paper', 'no paper'),
  JobTypeDefinitionError: new JobTypeDefinitionError('no name'),
  JobsApiError: new JobsApiError({ kind: 'not_sent', code: 'x', reason: 'no', method: 'GET', url: '/' }),
  JobwrightError: ours('defect'),
  Overloaded: new Overloaded(2_000),
  PipelineFindingsError: new PipelineFindingsError('invalid_inputs', 'p', []),
  PipelineRunError: new PipelineRunError(runView([])),
  PipelineRunNotFoundError: new PipelineRunNotFoundError('x'),
  ProcessLockedError: new ProcessLockedError('/data/pgdata.lock', 1),
  RetryableError: new RetryableError('busy'),
  ScheduleNotFoundError: new ScheduleNotFoundError('x', []),
  SearchAttributesError: new SearchAttributesError('default'),
  ShapeError: new ShapeError('at /uuid: expected text'),
  StackError: new StackError('child_failed', 'ended'),
  StepFailure: new StepFailure('config_too_large', 'too large'),
  TemporalBinaryError: new TemporalBinaryError([]),
  TemporalUnreachableError: new TemporalUnreachableError('127.0.0.1:1', 'refused'),
  Unfounded: new Unfounded('nothing to look at'),
  Unmet: new Unmet('a page', 'JSON'),
  UnusableSchemaError: new UnusableSchemaError('resize', 'no schema'),
  UserConfigError: new UserConfigError('/jobwright.config.ts', 'exports nothing'),
}

/** What src exports and can be thrown, by name. The roots run when they are loaded, and export nothing. */
async function errorClasses(): Promise<Map<string, new () => Error>> {
  const source = path.resolve(import.meta.dirname, '../../src')
  const files = globSync('**/*.ts', {
    cwd: source,
    exclude: ['{cli,server,worker,handler-host,notification-host}.ts', '**/*.d.ts'],
  })
  const modules = await Promise.all(files.map((file) => import(path.join(source, file)) as Promise<object>))
  const exported = modules.flatMap((module) => Object.values(module))
  const classes = exported.filter((value) => typeof value === 'function' && value.prototype instanceof Error)
  return new Map(classes.map((one) => [one.name, one]))
}

describe('the error classes of src', { timeout: 60_000 }, () => {
  test('are the ones below, and each is one of ours', async () => {
    const classes = await errorClasses()
    expect([...classes.keys()].toSorted()).toEqual(Object.keys(examples).toSorted())
    for (const [name, Class] of classes) expect(examples[name], name).toBeInstanceOf(Class)
  })

  test.each(Object.entries(examples))(
    '%s says its name, whose fault it is, and what it is for machines',
    (name, error) => {
      expect(error).toBeInstanceOf(JobwrightError)
      expect(error).toMatchObject({ name, code: expect.stringMatching(/^[a-z][a-z_]*$/) })
      expect(everyFault).toContain(error.fault)
      expect(error.message).not.toBe('')
    },
  )
})

describe('a fault follows from', () => {
  test.each<[Partial<JobsApiErrorDetails>, Fault]>([
    [{ kind: 'not_sent', code: 'connection_refused' }, 'unreachable'],
    [{ kind: 'not_sent', code: 'bad_path_parameter' }, 'usage'],
    [{ kind: 'not_sent', code: 'token_unavailable' }, 'usage'],
    [{ kind: 'rejected', status: 404 }, 'refused'],
    // A server may use the code of a client.
    [{ kind: 'rejected', status: 422, code: 'bad_request' }, 'refused'],
    [{ kind: 'ambiguous', status: 409 }, 'refused'],
    [{ kind: 'ambiguous', status: 429 }, 'unreachable'],
    [{ kind: 'ambiguous', status: 503 }, 'unreachable'],
    [{ kind: 'ambiguous', code: 'timeout' }, 'unreachable'],
  ])('what is known of a request: %j is %s', (details, fault) => {
    const request = { kind: 'ambiguous', code: 'x', reason: 'no', method: 'GET', url: '/' } as const
    expect(new JobsApiError({ ...request, ...details }).fault).toBe(fault)
  })

  test.each<[number, Fault]>([
    ...everyFault.map((fault): [number, Fault] => [faults[fault].httpStatus, fault]),
    [404, 'usage'],
    [413, 'usage'],
    [501, 'defect'],
  ])('the status of an answer: %i is %s', (status, fault) => {
    expect(new ApiProblem(status, 'x', 'no').fault).toBe(fault)
  })
})
