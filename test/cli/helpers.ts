import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { findPackage } from '../../src/base/version.ts'
import { builtInJobTypes } from '../../src/built-in/index.ts'
import type { CliContext, Pipelines, Schedules } from '../../src/cli/context.ts'
import { runCli } from '../../src/cli/main.ts'
import { terminalOf } from '../../src/cli/terminal.ts'
import { loadConfig, terminalHints } from '../../src/config.ts'
import { createRegistry, loadUserConfig } from '../../src/job-types/index.ts'
import type { StepRunView } from '../../src/pipeline/plan/index.ts'
import type { PipelineRunView } from '../../src/pipelines/index.ts'

export const binary = fileURLToPath(new URL('../../bin/jobwright.js', import.meta.url))

const noStack = path.join(tmpdir(), 'jobwright-no-such-stack')

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/** The environment of this test without anything that jobwright reads, so that only `env` counts. */
export function cleanEnvironment(env: Record<string, string> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !/^(TEMPORAL|JOBWRIGHT|JOBS_API|DATABASE)_/.test(name),
  ) as [string, string][]
  return { ...Object.fromEntries(kept), ...env }
}

/** Runs the real binary to its end. `onStdout` and `onStderr` see everything written so far, and may send a signal. */
export async function jobwright(
  args: string[],
  options: {
    env?: Record<string, string>
    cwd?: string
    onOutput?: (seen: { stdout: string; stderr: string }, kill: (signal: NodeJS.Signals) => void) => void
  } = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [binary, ...args], {
    env: cleanEnvironment({
      JOBWRIGHT_DATA_DIR: noStack,
      ...options.env,
    }),
    cwd: options.cwd ?? tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const seen = { stdout: '', stderr: '' }
  const listen = (name: 'stdout' | 'stderr') =>
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      seen[name] += chunk
      options.onOutput?.(seen, (signal) => void child.kill(signal))
    })
  listen('stdout')
  listen('stderr')
  const onExit = () => void child.kill('SIGKILL')
  process.once('exit', onExit)
  const [code] = (await once(child, 'close')) as [number | null]
  process.off('exit', onExit)
  return { code, ...seen }
}

/** The same without a process of its own, and without a configuration of the user's: for what commands do on real servers. */
export async function jobwrightHere(
  args: string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Outcome> {
  const [stdout, stderr] = [new Recorder(), new Recorder()]
  const cwd = options.cwd ?? tmpdir()
  const env = cleanEnvironment({ JOBWRIGHT_DATA_DIR: noStack, ...options.env })
  const { version, folder: home } = findPackage()
  const code = await runCli(args, {
    ...terminalOf(stdout, terminalHints(env)),
    ...{ stdout, stderr, errorColor: false, cwd, version, home, nodeVersion: process.version },
    signal: new AbortController().signal,
    now: Date.now,
    useUtc: () => {},
    servePlain: () => {},
    loadConfig: () => loadConfig(env),
    runRoot: () => Promise.reject(new Error('a process')),
    loadModule: (url) => import(url),
    userConfig: async () => undefined,
    builtInJobTypes: async () => createRegistry(builtInJobTypes).schemas(),
    connections: async ({ configFile }) => (await loadUserConfig(configFile, cwd)).connections,
  })
  return { code, stdout: stdout.text, stderr: stderr.text }
}

/** A stream that keeps what is written to it; with `columns` it looks like a terminal. */
export class Recorder extends Writable {
  text = ''
  readonly isTTY: boolean
  readonly columns: number | undefined
  readonly rows: number | undefined

  constructor(columns?: number, rows = 50) {
    super({ decodeStrings: false })
    this.isTTY = columns !== undefined
    this.columns = columns
    this.rows = columns === undefined ? undefined : rows
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

export interface ScriptedContext extends CliContext {
  stdout: Recorder
  stderr: Recorder
}

/** A context whose world is scripted: what the pipelines say, whether there is a terminal, what time it is. */
export function scriptedContext(
  options: {
    pipelines?: Partial<Pipelines>
    schedules?: Partial<Schedules>
    columns?: number
    rows?: number
    output?: 'text' | 'json'
    cwd?: string
    signal?: AbortSignal
    overrides?: Partial<CliContext>
  } = {},
): ScriptedContext {
  const unscripted = () => Promise.reject(new Error('not scripted'))
  const pipelines: Pipelines = {
    limits: unscripted,
    as: () => {
      throw new Error('not scripted')
    },
    get: () => {
      throw new Error('not scripted')
    },
    run: unscripted,
    start: unscripted,
    summary: unscripted,
    show: unscripted,
    list: unscripted,
    inputs: async () => ({}),
    cancel: unscripted,
    adopt: unscripted,
    trigger: unscripted,
    fail: unscripted,
    watch: () => {
      throw new Error('not scripted')
    },
    ...options.pipelines,
  }
  const schedules: Schedules = {
    as: () => {
      throw new Error('not scripted')
    },
    plan: unscripted,
    apply: unscripted,
    list: unscripted,
    show: unscripted,
    pause: unscripted,
    resume: unscripted,
    trigger: unscripted,
    delete: unscripted,
    ledger: unscripted,
    simulate: unscripted,
    planBackfill: unscripted,
    backfill: unscripted,
    backfills: unscripted,
    showBackfill: unscripted,
    watchBackfill: () => {
      throw new Error('not scripted')
    },
    pauseBackfill: unscripted,
    resumeBackfill: unscripted,
    cancelBackfill: unscripted,
    ...options.schedules,
  }
  return {
    stdout: new Recorder(options.columns, options.rows),
    stderr: new Recorder(),
    isTty: options.columns !== undefined,
    canRedraw: options.columns !== undefined,
    columns: () => options.columns,
    rows: () => options.rows,
    color: false,
    errorColor: false,
    cwd: options.cwd ?? tmpdir(),
    version: '0.0.0',
    home: tmpdir(),
    nodeVersion: process.version,
    signal: options.signal ?? new AbortController().signal,
    now: () => at(60),
    useUtc: () => {},
    servePlain: () => {},
    loadConfig: () => loadConfig({}),
    runRoot: unscripted,
    loadModule: (url) => import(url),
    connections: async () => ({}),
    userConfig: async () => undefined,
    builtInJobTypes: async () => [],
    config: loadConfig({ JOBWRIGHT_DATA_DIR: noStack }),
    output: options.output ?? 'text',
    connect: async () => ({ pipelines, schedules, close: async () => {} }),
    api: unscripted,
    pipelineApi: unscripted,
    whoami: async () => undefined,
    ...options.overrides,
  } as ScriptedContext
}

const start = Date.parse('2026-01-02T12:00:00.000Z')

/** Milliseconds since the epoch, some seconds into every scripted run. */
export function at(seconds: number): number {
  return start + seconds * 1000
}

export function iso(seconds: number): string {
  return new Date(at(seconds)).toISOString()
}

export function stepView(step: string, overrides: Partial<StepRunView> = {}): StepRunView {
  return {
    step,
    seq: 0,
    generation: 0,
    status: 'waiting',
    job_id: null,
    job_run_id: null,
    started_at: null,
    finished_at: null,
    error: null,
    ...overrides,
  }
}

export function runView(steps: StepRunView[], overrides: Partial<PipelineRunView> = {}): PipelineRunView {
  return {
    id: 'review-0a1b2c',
    seq: 0,
    pipeline: 'review',
    workspace: 'default',
    owner: 'ada@example.com',
    status: 'running',
    started_at: iso(0),
    finished_at: null,
    outputs: {},
    warnings: [],
    connection: { name: 'default', mode: 'fenced', promise: null },
    steps,
    ...overrides,
  }
}

/** Plays views one after the other. */
export function playing(...views: PipelineRunView[]): Pick<Pipelines, 'watch'> {
  return {
    async *watch() {
      yield* views
    },
  }
}

export async function withTempDir<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), 'jobwright-cli-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
