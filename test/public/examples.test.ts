import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeUserProject } from '../helpers/user-project.ts'
import { repository, withSurface } from './surface.ts'

/** The examples in the docstrings of what users call are programs that the compiler takes. */

const examples = withSurface(({ names }) =>
  Object.assign(
    {},
    ...Object.values(names)
      .flat()
      .map((one) => one.examples),
  ),
) as Record<string, string[]>

/** What an example may take for granted. */
const given = `
declare global {
  const plan: import('jobwright').PipelinePlan
  const inputs: Record<string, import('jobwright').Json>
  const pipelines: import('jobwright').PipelinesClient
  const schedules: import('jobwright').SchedulesClient
  const schedule: import('jobwright').ScheduleRequest
  const api: import('jobwright/client').JobsClient
  const runs: import('jobwright/client').PipelineRunsClient
  const id: string
  const job: import('jobwright/client').WireJob
  const runs: import('jobwright/client').PipelineRunsClient
  const id: string
}
export {}
`

let folder: string
beforeAll(async () => {
  folder = await makeUserProject('examples')
  await writeFile(path.join(folder, 'given.d.ts'), given)
  const tsconfig = {
    extends: path.join(repository, 'tsconfig.json'),
    compilerOptions: { typeRoots: [path.join(repository, 'node_modules', '@types')] },
    include: ['*.ts', path.join(repository, 'src', 'ms.d.ts')],
  }
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('stand beside everything that users call first', () => {
  expect(Object.keys(examples)).toEqual(
    expect.arrayContaining([
      'compilePipeline',
      'resolveInputs',
      'connectTemporal',
      'PipelinesClient',
      ...['start', 'show', 'list', 'cancel', 'watch'].map((method) => `PipelinesClient.${method}`),
      'SchedulesClient',
      ...['apply', 'list', 'ledger', 'simulate'].map((method) => `SchedulesClient.${method}`),
      'JobsClient',
      ...['createJobRun', 'getJobRun', 'listJobRuns', 'listJobRunChanges', 'putDocument', 'whoami'].map(
        (method) => `JobsClient.${method}`,
      ),
      'defineJobType',
      'defineConfig',
    ]),
  )
})

test('hold for a strict compiler', { timeout: 120_000 }, async () => {
  for (const [name, codes] of Object.entries(examples))
    for (const [index, code] of codes.entries())
      await writeFile(path.join(folder, `${name}.${index}.ts`), `${code}\nexport {}\n`)
  const compiler = path.join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const check = promisify(execFile)(process.execPath, [compiler, '--noEmit', '-p', folder], { cwd: folder })
  expect(await check.catch((error: { stdout: string }) => error)).toMatchObject({ stdout: '' })
})
