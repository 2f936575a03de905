import { CommanderError } from 'commander'
import { askWhoami, connectApi, connectPipelineApi, connectPipelines } from '../connect/clients.ts'
import type { CliConfig, CliContext, CliHost } from './context.ts'
import { toFailure } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { errorJson } from './output/json.ts'
import { painter } from './output/paint.ts'
import { escapeControl, escapeControlInLines } from './output/text.ts'
import { createProgram } from './program.ts'

/**
 * Runs one command line (without `node` and the script) and returns its exit code. Never throws, never ends the
 * process: whoever owns the process does. Errors are one `error CODE message` on stderr, the
 * fix below; with `--output json` one line of JSON.
 */
export async function runCli(argv: string[], host: CliHost): Promise<number> {
  let exitCode: number = exitCodes.completed
  let config: CliConfig | undefined
  const isJson = wantsJson(argv)
  const program = createProgram(host, isJson, async (output, work) => {
    config = host.loadConfig()
    exitCode = await work(createContext(host, config, output))
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.completed : exitCodes.usage
    return report(error, host, config, isJson)
  }
}

/** Before anything is parsed: what is wrong with the command line is told in the same form. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, index) => word === '--output=json' || (word === '--output' && argv[index + 1] === 'json'),
  )
}

function createContext(host: CliHost, config: CliConfig, output: 'text' | 'json'): CliContext {
  const api = () => connectApi(config)
  const whoami = () => askWhoami(api, host.signal)
  return {
    ...host,
    config,
    output,
    connect: () => connectPipelines(config, whoami),
    api,
    whoami,
    pipelineApi: () => connectPipelineApi(config),
  }
}

function report(error: unknown, host: CliHost, config: CliConfig | undefined, isJson: boolean): number {
  if (host.signal.aborted) return exitCodes.interrupted
  const failure = toFailure(error)
  const { code, message, fix, exitCode } = failure
  if (isJson) host.stderr.write(errorJson({ code, message: redact(message, config), fix, exitCode }))
  else {
    const word = painter(host.errorColor)('red', 'error')
    const lines = [`${word} ${escapeControl(code)} ${escapeControlInLines(message)}`]
    if (fix !== undefined) lines.push(`  → ${escapeControlInLines(fix)}`)
    host.stderr.write(`${redact(lines.join('\n'), config)}\n`)
  }
  return failure.exitCode
}

/** The clients keep secrets out of their messages; this is for the message that nobody thought of. */
function redact(text: string, config: CliConfig | undefined): string {
  const secrets = [config?.jobsApi.token, config?.temporal.apiKey].filter((secret) => secret !== undefined)
  return secrets.reduce((rest, secret) => (secret.length < 4 ? rest : rest.replaceAll(secret, '***')), text)
}
