import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compilePipeline } from '../../src/pipeline/index.ts'
import { makeUserProject } from '../helpers/user-project.ts'
import { jobwright } from './helpers.ts'

const head = `import { definePipeline } from 'jobwright'\n`
const one = `definePipeline({ name: 'one' }, ({ step }) => {
  step('a', { jobType: 'sleep', config: { duration: '1s' } })
})`
const files = {
  'good.ts': `${head}export default ${one}\n`,
  'named.mts': `${head}export const only = ${one}\n`,
  'plain.js': `${head}export default ${one}\n`,
  'several.ts': `${head}export const first = ${one}\nexport const second = ${one}\n`,
  'none.ts': 'export const pipeline = 3\n',
  'syntax.ts': 'const a = 1\n\nexport const b: number = ;\n',
  'module.ts': `${head}import { shared } from './shared.ts'\nexport default shared\n`,
  'package.ts': `${head}\nimport left from 'left-padding'\nexport default left\n`,
  'throws.ts': `${head}\nthrow new Error('no licence')\n`,
  'starts.ts': `import { connect, definePipeline } from 'jobwright'
export default ${one}
await connect()
`,
  'helper.ts': `import type { DefineStep } from 'jobwright'
export const wrong = (step: DefineStep) =>
  step('w', { jobType: 'sleep', config: { duration: new Date(0) } as never })
`,
  'elsewhere.ts': `${head}import { wrong } from './helper.ts'
export default definePipeline({ name: 'elsewhere' }, ({ step }) => {
  wrong(step)
})
`,
}
let cwd = ''

beforeAll(async () => {
  cwd = await makeUserProject('pipeline-module')
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(cwd, name), text)
})

afterAll(() => rm(cwd, { recursive: true, force: true }))

test('validate takes programs, and says of each what is wrong with it', async () => {
  const given = [...Object.keys(files), 'several.ts#second', 'several.ts#third', 'gone.ts']
  const { code, stdout } = await jobwright(['validate', '--offline', ...given], { cwd })
  expect(code).toBe(2)
  for (const valid of ['good.ts', 'named.mts', 'plain.js', 'several.ts#second'])
    expect(stdout).toContain(`\n${valid}: valid\n`.slice(valid === 'good.ts' ? 1 : 0))
  expect(stdout).toMatch(/^several\.ts:1:1 error several_pipelines .*first, second.*several\.ts#first$/m)
  expect(stdout).toMatch(/^several\.ts:1:1 error no_pipeline .*`third`.*first, second$/m)
  expect(stdout).toMatch(/^none\.ts:1:1 error no_pipeline /m)
  expect(stdout).toMatch(/^syntax\.ts:3:\d+ error program_syntax /m)
  expect(stdout).toMatch(/^module\.ts:2:\d+ error missing_module .*`\.\/shared\.ts`/m)
  expect(stdout).toMatch(/^package\.ts:3:\d+ error missing_module .*left-padding/m)
  expect(stdout).toMatch(/^throws\.ts:3:\d+ error program_throws .*no licence/m)
  expect(stdout).toMatch(/^starts\.ts:5:\d+ error program_is_only_read .*import\.meta\.main/m)
  // The line that wrote it, whichever file that is in.
  expect(stdout).toMatch(/^helper\.ts:3:\d+ error not_json /m)
  expect(stdout).toMatch(/^gone\.ts:1:1 error no_such_file /m)
})

test('a program that never lets go of the process is no valid one', async () => {
  const write = (name: string, text: string) => writeFile(path.join(cwd, name), text)
  await write('waits.ts', `await new Promise(() => {})\n`)
  await write('leaves.ts', 'process.exit(0)\n')
  await write('spins.ts', `console.error('spins')\nwhile (true);\n`)
  const waits = await jobwright(['validate', '--offline', 'waits.ts', 'good.ts'], { cwd })
  expect(waits.code).toBe(2)
  expect(waits.stdout).toMatch(/^waits\.ts:1:1 error program_never_loads .*top-level await/m)
  expect(waits.stdout).toMatch(/^good\.ts: valid$/m)
  const leaves = await jobwright(['validate', '--offline', 'leaves.ts'], { cwd })
  expect(leaves).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('error ended_early ') })
  // Ends at the first signal, though no listener could run.
  const spins = await jobwright(['validate', '--offline', 'spins.ts'], {
    cwd,
    onOutput: ({ stderr }, kill) => stderr.includes('spins') && kill('SIGTERM'),
  })
  expect(spins.code).toBe(null)
})

test('what a program prints while it is loaded does not get among the data', async () => {
  await writeFile(path.join(cwd, 'talks.ts'), `${head}console.log('hello')\nexport default ${one}\n`)
  const { code, stdout, stderr } = await jobwright(
    ['validate', '--offline', 'talks.ts', '--output', 'json'],
    { cwd },
  )
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ valid: true, findings: [] })
  expect(stderr).toContain('hello')
})

test('graph prints a program, and a file, as YAML', async () => {
  const { code, stdout } = await jobwright(['graph', 'several.ts#second', '--format', 'yaml'], { cwd })
  expect(code).toBe(0)
  await writeFile(path.join(cwd, 'second.yaml'), stdout)
  const again = await jobwright(['graph', 'second.yaml', '--format', 'yaml'], { cwd })
  expect(again).toEqual({ code: 0, stdout, stderr: '' })
  expect(compilePipeline(stdout, { file: 'second.yaml' }).plan?.steps.map(({ id }) => id)).toEqual(['a'])
})

test('a YAML file names programs as steps, and says where they are wrong', async () => {
  const step = (reference: string) => `{ pipeline: ${reference} }`
  await mkdir(path.join(cwd, 'outer'))
  await writeFile(
    path.join(cwd, 'outer', 'code.yaml'),
    `name: outer\nsteps:\n  a: ${step('../good.ts')}\n  b: ${step('../several.ts#second')}\n  c: ${step('../named.mts')}\n  d: ${step('../plain.js')}\n`,
  )
  const drawn = await jobwright(['graph', 'outer/code.yaml'], { cwd })
  expect(drawn).toMatchObject({ code: 0, stderr: '' })
  await writeFile(
    path.join(cwd, 'outer', 'wrong.yaml'),
    `name: outer\nsteps:\n  a: ${step('../elsewhere.ts')}\n  b: ${step('../syntax.ts')}\n  c: ${step('../several.ts')}\n  d: ${step('../gone.ts')}\n`,
  )
  const { code, stdout } = await jobwright(['validate', '--offline', 'outer/wrong.yaml'], { cwd })
  expect(code).toBe(2)
  expect(stdout).toMatch(/^outer\/wrong\.yaml:3:\d+ error nested_pipeline_invalid /m)
  expect(stdout).toMatch(/^helper\.ts:3:\d+ error not_json /m)
  expect(stdout).toMatch(/^syntax\.ts:3:\d+ error program_syntax /m)
  expect(stdout).toMatch(/^several\.ts:1:1 error several_pipelines /m)
  expect(stdout).toMatch(/^outer\/wrong\.yaml:6:\d+ error no_such_file /m)
})
