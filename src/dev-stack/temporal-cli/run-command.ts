import { spawn } from 'node:child_process'
import { codeOf } from '../../base/causes.ts'
import { JobwrightError } from '../../base/errors.ts'

export interface CommandResult {
  stdout: string
  stderr: string
}

/** A program that is not there, failed, or took too long; the message is one line and fit to be shown. */
function commandFailed(message: string): JobwrightError {
  return new JobwrightError({ code: 'command_failed', fault: 'unreachable', message })
}

const maxOutputBytes = 64 * 1024

/**
 * Runs a program to its end, without a shell.
 * @param timeoutMs after this long the program is killed; so it is when the signal aborts
 * @throws JobwrightError `command_failed` when it is not there, exits with another code than 0, or is killed
 */
export function runCommand(
  command: string,
  args: readonly string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
    })
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    child.on('error', (error) => {
      const missing = codeOf(error) === 'ENOENT'
      reject(commandFailed(missing ? `${command} is not installed` : `${command}: ${error.message}`))
    })
    child.on('close', (code, killedBy) => {
      if (code === 0) return resolve({ stdout: stdout(), stderr: stderr() })
      const how = killedBy === null ? `exited with ${code}` : `did not end within ${timeoutMs / 1000} s`
      const line = lastLine(stderr()) || lastLine(stdout())
      reject(commandFailed(`${command} ${how}${line === '' ? '' : `: ${line}`}`))
    })
  })
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-maxOutputBytes)
  })
  return () => text
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? ''
}
