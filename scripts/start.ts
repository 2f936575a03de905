import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { JobsClient } from '../src/client/index.ts'
import { type Config, ConfigError, loadConfig } from '../src/config.ts'
import { describeStackEvent, readStack, type StackInfo, startStack } from '../src/dev-stack/index.ts'
import type { PipelineRunView } from '../src/pipeline/index.ts'
import { type Cli, createCli } from './start/cli.ts'
import { findMarkdownOutput, issueReport, issueTable, readIssues, saveReport } from './start/results.ts'

/** `npm start`: the whole stack, the example pipeline on it, and what came of it. `--keep` leaves the stack running. */

const repository = path.resolve(import.meta.dirname, '..')
const example = path.join('examples', 'pdu-review')
const pipelineName = 'pdu-review'
const openStatuses = new Set(['running', 'paused', 'held', 'cancelling'])
const interruptedExitCode = 130

const say = (text: string): void => void process.stdout.write(`${text}\n`)

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    say(
      'npm start [-- --keep]   starts Jobwright, runs examples/pdu-review and shows the result; --keep stays up',
    )
    return 0
  }
  const config = loadConfig()
  const interrupt = new AbortController()
  const { signal } = interrupt
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupt.abort(name))
  // The example shows this machine's own server: another default connection would not know its documents.
  const { JOBS_API_URL: _url, JOBS_API_TOKEN: _token, ...environment } = config.inheritedEnvironment()
  const stack = await useStack(config, environment, signal)
  const cli = createCli({
    repository,
    environment,
    info: stack.info,
    ownTemporal: config.temporal.address === undefined,
  })
  signal.addEventListener('abort', () => {
    // In a terminal Ctrl-C reaches the CLI as well; otherwise only this process got the signal.
    if (signal.reason !== 'SIGINT' || !process.stdin.isTTY) cli.interrupt()
  })
  try {
    const lost = stack.done.then(() => undefined)
    const code = await Promise.race([demonstrate(cli, config, stack.info, signal), lost])
    if (code === undefined) return 1
    if (values.keep === true && !signal.aborted) {
      say('\nThe stack stays up. Ctrl-C stops it.')
      await Promise.race([lost, untilAborted(signal)])
    }
    return code
  } finally {
    cli.interrupt()
    await stack.stop()
  }
}

interface UsedStack {
  info: StackInfo
  done: Promise<void>
  stop(): Promise<void>
}

/** The stack that runs on the data directory, which is then left alone, or a new one. */
async function useStack(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<UsedStack> {
  const running = await readStack(config.dataDir)
  if (running !== undefined) {
    say(`Using the stack that runs already (process ${running.pids.owner}, ${running.apiUrl})`)
    return { info: running, done: new Promise(() => undefined), stop: async () => undefined }
  }
  const configFile = path.join(repository, example, 'jobwright.config.ts')
  return startStack({
    dataDir: config.dataDir,
    host: config.host,
    port: config.port,
    configFile: config.configFile ?? (existsSync(configFile) ? configFile : undefined),
    temporal: config.temporal,
    cacheDir: config.cacheDir,
    environment,
    log: (event) => say(describeStackEvent(event)),
    signal,
  })
}

async function demonstrate(cli: Cli, config: Config, info: StackInfo, signal: AbortSignal): Promise<number> {
  const pushed = await cli.run(['documents', 'push', path.join(example, 'documents'), '--as', 'pdu'])
  if (pushed !== 0) return pushed
  const unseen = new UnseenRun(config.dataDir)
  const open = await findOpenRun(cli, await unseen.read())
  const id = open?.id ?? newRunId()
  if (open === undefined) say(`\nRunning ${example}/pipeline.yaml\n`)
  else
    say(
      `\nAn earlier run of ${pipelineName} was cut off (${open.id}, ${open.status} now); going on with it\n`,
    )
  await unseen.write(id)
  const code = await cli.run(
    open === undefined ? ['run', path.join(example, 'pipeline.yaml'), '--id', id] : ['watch', id],
  )
  if (signal.aborted) {
    say(`\nThe pipeline run ${id} is kept in ${config.dataDir}; \`npm start\` goes on with it.`)
    return interruptedExitCode
  }
  if (code === 0) await showResult(cli, config, info, id)
  else say(`\nThe run ended with exit code ${code}; the logs are in ${info.logsDir}`)
  await unseen.clear()
  return code
}

/** The run whose result nobody has seen yet: it may end between two starts, and then it is no longer open. */
class UnseenRun {
  readonly #file: string
  constructor(dataDir: string) {
    this.#file = path.join(dataDir, 'start-run')
  }
  read = (): Promise<string> => readFile(this.#file, 'utf8').catch(() => '')
  write = (id: string): Promise<void> => writeFile(this.#file, id, { mode: 0o600 })
  clear = (): Promise<void> => rm(this.#file, { force: true })
}

async function findOpenRun(cli: Cli, unseen: string): Promise<PipelineRunView | undefined> {
  const { items } = (await cli.json(['runs', '--output', 'json'])) as { items: PipelineRunView[] }
  const own = items.filter((run) => run.pipeline === pipelineName)
  return own.find((run) => openStatuses.has(run.status)) ?? own.find((run) => run.id === unseen)
}

async function showResult(cli: Cli, config: Config, info: StackInfo, id: string): Promise<void> {
  const view = (await cli.json(['show', id, '--output', 'json'])) as PipelineRunView
  const token = (await readFile(info.tokenFile, 'utf8')).trim()
  const api = new JobsClient({ baseUrl: info.apiUrl, token })
  const issues = readIssues(view.outputs.issues)
  say('')
  say(issueTable(issues, process.stdout.columns))
  say('')
  const report = (await findMarkdownOutput(api, view)) ?? issueReport(view, issues)
  const file = await saveReport(path.join(config.dataDir, 'reports'), `${id}.md`, report)
  say(`Report:  ${shortPath(file)}`)
  say(`Data:    ${shortPath(config.dataDir)} (Temporal, database, logs; delete it to start afresh)`)
  say('')
  say(
    'What happened: the documents were read into a graph of the unit (metagraph_update), and each finding in it',
  )
  say('became an issue (generate_issue). Both were job runs of the Jobs API; Temporal carried the pipeline.')
  say('')
  say('Next:')
  say('  npm start -- --keep                     leave the stack running; then, in another terminal:')
  say(`  bin/jobwright.js show ${id}`)
  say('  bin/jobwright.js jobs schemas           the job types of the server')
  say(`  bin/jobwright.js graph ${example}/pipeline.yaml`)
  say('  Interrupt a run with Ctrl-C, or kill -9 anything, and `npm start` again: the run goes on.')
}

function shortPath(file: string): string {
  const relative = path.relative(repository, file)
  return relative.startsWith('..') ? file : relative
}

function newRunId(): string {
  const now = new Date().toISOString().replace(/[-:]/g, '').slice(0, 15)
  return `${pipelineName}-${now}-${Math.random().toString(36).slice(2, 6)}`
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Exit codes as the CLI has them: 2 a bad setting, 3 something unreachable, 1 anything else. */
function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return 2
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'interrupted') return interruptedExitCode
  if (code.startsWith('ERR_PARSE_ARGS') || code.startsWith('port_') || code.startsWith('data_dir')) return 2
  return code.startsWith('temporal_') ? 3 : 1
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`npm start: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(exitCodeOf(error))
  },
)
