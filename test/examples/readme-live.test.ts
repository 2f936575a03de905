import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { binary, cleanEnvironment } from '../cli/helpers.ts'
import { makeUserProject } from '../helpers/user-project.ts'
import { blockNamed, blocks } from './pages.ts'
import { commandsOf } from './shell.ts'

/** The pages' blocks that need a stack, in a folder of a newcomer's, on the stack that `jobwright dev` starts there. */

const run = promisify(execFile)
const environment = cleanEnvironment()

let folder: string
let apiUrl: string
let stop: () => Promise<void> = async () => undefined

beforeAll(async () => {
  folder = await makeUserProject('newcomer')
  for (const { name, text } of blocks) if (name !== undefined) await writeFile(path.join(folder, name), text)
  const args = [binary, 'dev', '--port', '0', '--output', 'json']
  const stack = spawn(process.execPath, args, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(stack, 'exit')
  process.once('exit', () => void stack.kill('SIGINT'))
  stop = async () => {
    if (stack.exitCode === null) stack.kill('SIGINT')
    await exited
  }
  let said = ''
  stack.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const over = exited.then(([code]) =>
    Promise.reject(new Error(`jobwright dev exited with ${code}:\n${said}`)),
  )
  over.catch(() => undefined)
  const [ready] = await Promise.race([once(stack.stdout, 'data'), over])
  apiUrl = (JSON.parse(String(ready)) as { api_url: string }).api_url
}, 120_000)

afterAll(async () => {
  await stop()
  await rm(folder, { recursive: true, force: true })
})

/** The `jobwright` lines of the block that holds a text, as arguments. */
function jobwrightLines(page: string, holds: string): string[][] {
  const [block] = blocks.filter(
    (one) => one.page === page && one.language === 'sh' && one.text.includes(holds),
  )
  return commandsOf(block?.text ?? '').flatMap(({ words: [tool, ...args] }) =>
    tool === 'jobwright' ? [args] : [],
  )
}

const jobwright = (args: string[]) =>
  run(process.execPath, [binary, ...args], { cwd: folder, env: environment })

test('the README runs its pipeline, and skips the report of two units', async () => {
  const [dev, start] = jobwrightLines('README.md', 'run night.yaml')
  expect(dev).toEqual(['dev'])
  const { stdout } = await jobwright([...(start ?? []), '--output', 'json'])
  const { status, outputs, steps } = JSON.parse(stdout)
  expect({ status, outputs }).toMatchObject({ status: 'completed', outputs: { slept: [{}, {}] } })
  expect(steps.at(-1)).toMatchObject({ step: 'report', status: 'skipped' })
})

test('the program starts the pipeline and waits for its outputs', async () => {
  const file = path.join(folder, blockNamed('night.ts').name ?? '')
  const { stdout } = await run(process.execPath, [file], { cwd: folder, env: environment })
  expect(stdout.trim().split('\n').at(-1)).toMatch(/^completed /)
})

test('a job type of one’s own runs, and its output can be read', async () => {
  const web = createServer((_request, response) => response.end('abc')).listen(0, '127.0.0.1')
  await once(web, 'listening')
  const { port } = web.address() as AddressInfo
  try {
    const args = ['run', 'sums.yaml', '-i', `url=http://127.0.0.1:${port}/`, '--output', 'json']
    const { stdout } = await jobwright(args)
    expect(JSON.parse(stdout)).toMatchObject({ status: 'completed', outputs: { bytes: 3 } })
  } finally {
    web.close()
  }
})

test('the lines for machines print JSON', async () => {
  const [start = [], list = []] = jobwrightLines('docs/cli.md', '--detach')
  const { id } = JSON.parse((await jobwright(start)).stdout)
  expect(id).toMatch(/^night-/)
  expect(JSON.parse((await jobwright(list)).stdout)).toMatchObject({ items: [], count: 0 })
})

const hasCurl = spawnSync('curl', ['--version']).status === 0
test.runIf(hasCurl)('the calls of the Jobs API make a job and run it', async () => {
  const [block] = blocks.filter((one) => one.page === 'docs/jobs-api.md' && one.language === 'sh')
  const [address = '', call = '', ...calls] = (block?.text ?? '').trim().split('\n')
  expect(calls).toHaveLength(3)
  let uuid = ''
  const answers: unknown[] = []
  for (const line of calls) {
    const script = [
      address.replace('http://127.0.0.1:8300/api/v1', apiUrl),
      call,
      line.replace(/UUID-OF-THE-\w+/, uuid),
    ]
    const { stdout } = await run('bash', ['-c', script.join('\n')], { cwd: folder, env: environment })
    const answer = JSON.parse(stdout)
    answers.push(answer)
    uuid = answer.uuid
  }
  expect(answers).toMatchObject([
    { name: expect.stringContaining('sleep') },
    { status: expect.stringMatching(/pending|running/) },
    { status: 'completed' },
  ])
})
