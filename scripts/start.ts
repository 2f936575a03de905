import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { connectTemporal, PipelinesClient } from 'jobwright'
import { JobsClient } from 'jobwright/client'
import { aborted } from '../src/base/abort.ts'
import { describeFailure } from '../src/base/failure.ts'
import { toFailure } from '../src/cli/errors.ts'
import { exitCodes } from '../src/cli/exit-codes.ts'
import { terminalOf } from '../src/cli/terminal.ts'
import { type Config, keepProxiesFromLoopback, loadConfig, terminalHints } from '../src/config.ts'
import { describeStackEvent, readStack, type Stack, startStack } from '../src/dev-stack/index.ts'
import { example, type ReviewOptions, review, shortPath, type Voice } from './start/review.ts'

/** `npm start`: the whole stack, the example's pipeline on it, and what came of it. `--keep` leaves the stack running. */

const say = (text: string): void => void process.stdout.write(`${text}\n`)

async function main(signal: AbortSignal): Promise<number> {
  const args = new Set(process.argv.slice(2))
  const keep = args.delete('--keep')
  const help = args.delete('--help') || args.delete('-h')
  if (help || args.size > 0) {
    say(`npm start [-- --keep]   starts Jobwright, runs ${example} and shows the result; --keep stays up`)
    return args.size === 0 ? exitCodes.completed : exitCodes.usage
  }
  const config = loadConfig()
  const voice: Voice = { say }
  const stack = await useStack(config, voice, signal)
  try {
    // Rejects when the stack cannot be kept alive.
    const lost = stack.done.then(() => exitCodes.interrupted)
    const code = await Promise.race([reviewOn(stack, config, { voice, keep, signal }), lost])
    if (keep && !signal.aborted) {
      say('\nThe stack stays up. Ctrl-C stops it.')
      await Promise.race([aborted(signal), lost])
    }
    return code
  } finally {
    await stack.stop()
  }
}

/** A new stack on the data directory, or the one that runs there, which is then left running. */
async function useStack(config: Config, voice: Voice, signal: AbortSignal): Promise<Stack> {
  const running = await readStack(config.dataDir)
  if (running !== undefined) {
    say(`Using the stack that runs already (process ${running.pids.owner}, ${running.apiUrl})`)
    return { info: running, done: new Promise(() => undefined), stop: async () => undefined }
  }
  say(`Starting Temporal, the API server and a worker; data in ${shortPath(config.dataDir)}`)
  // The example shows this machine's own server: another default connection would not know its documents.
  const { JOBS_API_URL: _url, JOBS_API_TOKEN: _token, ...environment } = config.inheritedEnvironment()
  return startStack({
    dataDir: config.dataDir,
    host: config.host,
    port: config.port,
    // Whoever names a port means it.
    anyPort: config.inheritedEnvironment().JOBWRIGHT_PORT === undefined,
    configFile: config.configFile ?? path.resolve(example, 'jobwright.config.ts'),
    temporal: config.temporal,
    cacheDir: config.cacheDir,
    environment,
    log: (event) => void (event.kind === 'detail' || voice.say(describeStackEvent(event))),
    signal,
  })
}

async function reviewOn(
  { info }: Stack,
  config: Config,
  options: Pick<ReviewOptions, 'voice' | 'keep' | 'signal'>,
): Promise<number> {
  const { temporalAddress: address, namespace } = info
  // The user's key and certificates are for a server of theirs.
  const isTheirs = config.temporal.address !== undefined
  const client = await connectTemporal({ ...(isTheirs ? config.temporal : {}), address, namespace })
  try {
    const token = (await readFile(info.tokenFile, 'utf8')).trim()
    const api = new JobsClient({ baseUrl: info.apiUrl, token })
    return await review({
      api,
      pipelines: new PipelinesClient(client, { owner: () => api.whoami(), timing: config.timing }),
      dataDir: config.dataDir,
      screen: {
        stdout: process.stdout,
        stderr: process.stderr,
        ...terminalOf(process.stdout, terminalHints()),
        output: 'text',
        now: Date.now,
      },
      ...options,
    })
  } finally {
    await client.connection.close()
  }
}

const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupt.abort())
keepProxiesFromLoopback()
process.chdir(path.resolve(import.meta.dirname, '..'))
try {
  process.exit(await main(interrupt.signal))
} catch (error) {
  if (interrupt.signal.aborted) process.exit(exitCodes.interrupted)
  const failure = toFailure(error)
  process.stderr.write(describeFailure('npm start', failure))
  process.exit(failure.exitCode)
}
