import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { JobsClient } from '../../src/client/index.ts'
import { readStack, type StackInfo } from '../../src/dev-stack/index.ts'
import { cleanEnvironment, withTempDir } from '../cli/helpers.ts'
import { isRunning } from '../cli/processes.ts'
import { until } from '../helpers/until.ts'
import { blocks } from './pages.ts'

/** `npm start` by its real script, on data of its own. Its first part only installs packages, which is done by now. */

const script = path.resolve(import.meta.dirname, '..', '..', 'scripts', 'start.ts')

interface Started {
  child: ChildProcess
  /** Both streams, so far. */
  output(): string
  ended: Promise<number | null>
}

function npmStart(dataDir: string, ...args: string[]): Started {
  const env = cleanEnvironment({
    JOBWRIGHT_DATA_DIR: dataDir,
    JOBWRIGHT_PORT: '0',
    // What was under way is found again within seconds.
    JOBWRIGHT_STEP_HEARTBEAT_MS: '2000',
    JOBWRIGHT_RUN_HEARTBEAT_MS: '2000',
    JOBWRIGHT_WATCHER_HEARTBEAT_MS: '2000',
    JOBWRIGHT_STICKY_QUEUE_MS: '1000',
    JOBWRIGHT_RECONCILE_MS: '1000',
  })
  const child = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const started = { child, output: () => output, ended }
  all.push(started)
  return started
}

const all: Started[] = []
afterEach(async () => {
  // After a test that failed; SIGTERM, so that each takes its stack with it.
  for (const { child, ended } of all.splice(0)) if (child.kill()) await ended
})

/** Waits until it has written what fits; fails at once when it ends before. */
async function said({ output, ended }: Started, pattern: RegExp): Promise<RegExpExecArray> {
  const over = ended.then((code) => {
    throw new Error(`ended with ${code} before it said ${pattern}:\n${output()}`)
  })
  over.catch(() => undefined)
  return Promise.race([until(String(pattern), () => pattern.exec(output()) ?? undefined), over])
}

async function apiOf({ apiUrl, tokenFile }: StackInfo): Promise<JobsClient> {
  return new JobsClient({ baseUrl: apiUrl, token: (await readFile(tokenFile, 'utf8')).trim() })
}

/** A terminal gets a picture in place of lines. */
function shownInReadme(): string[] {
  const block = blocks.find(({ page, language }) => page === 'README.md' && language === 'text')
  const lines = block?.text.split('\n').filter((line) => !/^(…?$| {2}✓ |pdu-review {2})/.test(line)) ?? []
  expect(lines.length).toBeGreaterThan(4)
  return lines
}

/** Without what is different each time: ids, times, and where the data is. */
function steady(text: string): string {
  return text
    .replaceAll(/pdu-review-\w{8}/g, 'ID')
    .replaceAll(/\b[\d.]+(m\d+)?s\b/g, 'TIME')
    .replaceAll(/(data in |Report {2})\S+/g, '$1PLACE')
}

test('runs the example and shows the result; killed in the middle, it goes on, and triggers nothing twice', async () => {
  await withTempDir(async (dataDir) => {
    const first = npmStart(dataDir)
    const [, id] = await said(first, /Running .*pipeline\.yaml as (\S+)/)
    const pids = Object.values((await readStack(dataDir))?.pids ?? {})
    expect(pids, first.output()).toHaveLength(4)
    // A step has begun, and the last one has not.
    await said(first, /step (graph|coverage) /)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await first.ended
    expect(first.output()).not.toContain('step report completed')

    const second = npmStart(dataDir, '--keep')
    await said(second, /The stack stays up/)
    expect(second.output()).toContain(`An earlier run was cut off; going on with ${id}`)
    expect(second.output()).toMatch(/^PRIORITY +WHERE +ISSUE$|^No issues\.$/m)
    const info = await readStack(dataDir)
    if (info === undefined) throw new Error(second.output())
    const runs = (await (await apiOf(info)).listJobRuns({})).items
    const shown = [...second.output().matchAll(/ step (\S+) completed .* run (\S+)$/gm)]
    expect(shown.map(([, step]) => step)).toEqual(
      expect.arrayContaining(['graph', 'issues', 'coverage', 'report']),
    )
    // The server's own record: a run for each step and item, and no other.
    expect(runs.map(({ uuid }) => uuid).sort()).toEqual(shown.map(([, , run]) => run).sort())
    expect(await readFile(path.join(dataDir, 'reports', `${id}.md`), 'utf8')).toMatch(
      /^# Power Distribution Unit review\n/,
    )

    for (const line of shownInReadme()) expect(steady(second.output())).toContain(`${steady(line)}\n`)

    // Whoever starts again meanwhile uses the stack that runs, and begins anew: that result has been seen.
    const third = npmStart(dataDir)
    expect(await third.ended, third.output()).toBe(0)
    expect(third.output()).toContain(`Using the stack that runs already (process ${info.pids.owner}`)
    expect(third.output()).not.toContain('cut off')
    expect(third.output()).toMatch(/^Report {2}\S+\.md$/m)

    second.child.kill('SIGINT')
    expect(await second.ended, second.output()).toBe(0)
    expect(Object.values(info.pids).filter(isRunning)).toEqual([])
  })
}, 120_000)
