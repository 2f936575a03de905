import path from 'node:path'
import { endWithTerminal } from './base/hangup.ts'
import { surviveLostReaders } from './base/standard-streams.ts'
import { findPackage } from './base/version.ts'
import { exitCodes } from './cli/exit-codes.ts'
import { loadProgram } from './cli/load-program.ts'
import { runCli } from './cli/main.ts'
import { runRoot } from './cli/run-root.ts'
import { terminalOf } from './cli/terminal.ts'
import { keepProxiesFromLoopback, loadConfig, servePlain, showUtc, terminalHints } from './config.ts'

/** Composition root of the command line: the process, and nothing else. */

/**
 * The first Ctrl-C (or SIGTERM) asks the command to let go; the second ends the process, unless a child in our place
 * gets the signals: it decides.
 */
function listenForInterrupt(end: (exitCode: number) => never): AbortSignal {
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (interrupt.signal.aborted && process.listenerCount(signal) === 1) end(exitCodes.interrupted)
      interrupt.abort()
    })
  return interrupt.signal
}

/** A program that is loaded may end the process before the command is done, which is no success. */
function refuseEarlyEnd(exitCode: number): void {
  if (exitCode !== exitCodes.completed) return
  process.stderr.write('error ended_early the process was ended before the command was done\n')
  process.stderr.write(
    '  → look in the program, or the configuration, for process.exit and for an await that never ends\n',
  )
  process.exitCode = exitCodes.usage
}

keepProxiesFromLoopback()
const endProcess = endWithTerminal()
const end = (exitCode: number): never => {
  process.off('exit', refuseEarlyEnd)
  return endProcess(exitCode)
}
process.on('exit', refuseEarlyEnd)
let lost = false
surviveLostReaders(process.stderr)
surviveLostReaders(process.stdout, (reason) => {
  lost = true
  process.stderr.write(`error cannot_write stdout: ${reason}\n`)
})
const hints = terminalHints()
const installed = findPackage()
const extension = path.extname(import.meta.filename)

const exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  ...terminalOf(process.stdout, hints),
  errorColor: terminalOf(process.stderr, hints).color,
  cwd: process.cwd(),
  version: installed.version,
  home: installed.folder,
  nodeVersion: process.version,
  signal: listenForInterrupt(end),
  now: Date.now,
  useUtc: showUtc,
  servePlain,
  loadConfig,
  runRoot: (root) =>
    runRoot(path.join(import.meta.dirname, root + extension), {
      execPath: process.execPath,
      execArgv: process.execArgv,
      // One who waits for us by a channel would lose sight of who takes our place.
      replace: process.connected || process.platform === 'win32' ? undefined : process.execve,
      stdinIsTty: process.stdin.isTTY === true,
      on: (signal, listener) => process.on(signal, listener),
      off: (signal, listener) => process.off(signal, listener),
    }),
  loadModule: (url) => loadProgram(() => import(url), process),
  userConfig: async (config, directory) => {
    const { createRegistry, loadUserConfig } = await import('./job-types/index.ts')
    const { file, secrets, connections, jobTypes, notifications, notificationTargets } = await loadUserConfig(
      config.configFile,
      directory,
    )
    if (file === undefined) return undefined
    return {
      file,
      secrets: Object.keys(secrets),
      connections: Object.keys(connections),
      notifications: Object.keys(notifications),
      notificationTargets,
      jobTypes: () => createRegistry(jobTypes).schemas(),
    }
  },
  builtInJobTypes: async () => {
    const { createRegistry } = await import('./job-types/index.ts')
    const { builtInJobTypes } = await import('./built-in/index.ts')
    return createRegistry(builtInJobTypes).schemas()
  },
  connections: async (config) => {
    const { loadUserConfig } = await import('./job-types/user-config.ts')
    return (await loadUserConfig(config.configFile, process.cwd())).connections
  },
})
for (const stream of [process.stdout, process.stderr])
  await new Promise((resolve) => stream.write('', resolve))
// Whatever still waits somewhere (a connection, a timer) is of no more use to anyone.
end(lost && exitCode === exitCodes.completed ? exitCodes.unreachable : exitCode)
