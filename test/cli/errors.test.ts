import { describe, expect, test } from 'vitest'
import { toFailure } from '../../src/cli/errors.ts'
import { JobsApiError, type JobsApiErrorDetails } from '../../src/client/index.ts'
import { TemporalUnreachableError } from '../../src/temporal/index.ts'

const apiError = (details: Partial<JobsApiErrorDetails>) =>
  new JobsApiError({
    kind: 'rejected',
    code: 'x',
    reason: 'no',
    method: 'GET',
    url: 'http://h/api',
    ...details,
  })

describe('an error becomes an exit code:', () => {
  test.each([
    ['a refusal of the API', apiError({ status: 404, code: 'unknown_job' }), 2],
    [
      'a run that has ended already',
      apiError({ kind: 'ambiguous', status: 409, code: 'run_is_terminal' }),
      2,
    ],
    ['a request the client refuses', apiError({ kind: 'not_sent', code: 'bad_path_parameter' }), 2],
    ['an API that is away', apiError({ kind: 'not_sent', code: 'connection_refused' }), 3],
    ['an API that is in trouble', apiError({ kind: 'ambiguous', status: 503 }), 3],
    ['an API that wants us to wait', apiError({ kind: 'ambiguous', status: 429 }), 3],
    ['Temporal away', new TemporalUnreachableError('127.0.0.1:1', new Error('refused')), 3],
    ['a defect', new TypeError('x is not a function'), 70],
    ['an error of Node.js', Object.assign(new Error('bad'), { code: 'ERR_INVALID_ARG_TYPE' }), 70],
    ['no error at all', 'thrown text', 70],
  ])('%s', (_what, error, exitCode) => {
    expect(toFailure(error).exitCode).toBe(exitCode)
  })
})

test('every place that the server complains about is told, once', () => {
  const problem = {
    type: 'about:blank',
    title: 'Unprocessable',
    status: 422,
    detail: 'two problems',
    code: 'invalid_config',
    errors: [
      { pointer: '/config/seconds', detail: 'must be a number' },
      { pointer: '/config/extra', detail: 'unknown field' },
    ],
  }
  const failure = toFailure(
    apiError({ status: 422, code: 'invalid_config', reason: 'two problems', problem }),
  )
  expect(failure.message).toBe(
    'GET http://h/api: two problems\n  /config/seconds: must be a number\n  /config/extra: unknown field',
  )
})

test('a token that is not known says which variable to set', () => {
  expect(toFailure(apiError({ status: 401 })).fix).toContain('JOBS_API_TOKEN')
})
