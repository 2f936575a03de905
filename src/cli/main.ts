import { CommanderError } from 'commander'
import { askWhoami, connectApi, connectPipelines } from './clients.ts'
import type { CliConfig, CliContext, CliHost } from './context.ts'
import { toFailure } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { escapeControl, escapeControlInLines } from './output/text.ts'
import { createProgram } from './program.ts'

/**
 * Runs one command line (without `node` and the script) and returns its exit code. Never throws, never ends the
 * process: whoever owns the process does. Errors are one `error CODE message` on stderr, the fix below.
 */
export async function runCli(argv: string[], host: CliHost): Promise<number> {
  let exitCode: number = exitCodes.completed
  let config: CliConfig | undefined
  const program = createProgram(host, async (output, work) => {
    config = host.loadConfig()
    exitCode = await work(createContext(host, config, output))
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.completed : exitCodes.usage
    return report(error, host, config)
  }
}

function createContext(host: CliHost, config: CliConfig, output: 'text' | 'json'): CliContext {
  const api = () => connectApi(config)
  const whoami = () => askWhoami(api, host.signal)
  return { ...host, config, output, connect: () => connectPipelines(config, whoami), api, whoami }
}

function report(error: unknown, host: CliHost, config: CliConfig | undefined): number {
  if (host.signal.aborted) return exitCodes.interrupted
  const failure = toFailure(error)
  const lines = [`error ${escapeControl(failure.code)} ${escapeControlInLines(failure.message)}`]
  if (failure.fix !== undefined) lines.push(`  → ${escapeControlInLines(failure.fix)}`)
  host.stderr.write(`${redact(lines.join('\n'), config)}\n`)
  return failure.exitCode
}

/** The clients keep secrets out of their messages; this is for the message that nobody thought of. */
function redact(text: string, config: CliConfig | undefined): string {
  const secrets = [config?.jobsApi.token, config?.temporal.apiKey].filter((secret) => secret !== undefined)
  return secrets.reduce((rest, secret) => (secret.length < 4 ? rest : rest.replaceAll(secret, '***')), text)
}
