// Runs on any Node from 18 and needs nothing installed: it installs the packages when they are missing or not those
// of package-lock.json, and then runs the rest of a command with the Node that is among them.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const isWindows = process.platform === 'win32'
const stamp = path.join(repository, 'node_modules', '.jobwright-lock-sha256')

/** Installs the packages if need be, then runs `node <args>`; ends this process with its exit code. */
export async function runWithPackages(args, options) {
  await ensurePackages()
  process.exitCode = await runNode(args, options)
}

/** Exit code of `node <args>`, run in the repository with the Node that was installed there. */
export function runNode(args, options = {}) {
  return run(nodeProgram(), args, options)
}

export async function ensurePackages() {
  const wanted = createHash('sha256')
    .update(readFileSync(path.join(repository, 'package-lock.json')))
    .digest('hex')
  if (isInstalled(wanted)) return
  process.stderr.write('Installing packages (npm ci); only when package-lock.json has changed\n')
  const code = await run(
    isWindows ? 'npm.cmd' : 'npm',
    ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      // What npm reports belongs to the log of the command, not to its data.
      stdio: ['ignore', 2, 2],
      shell: isWindows,
    },
  )
  if (code !== 0) {
    process.stderr.write(`npm ci failed (exit code ${code}); its own lines above say why\n`)
    process.exit(code)
  }
  writeFileSync(stamp, wanted)
}

/** Only where the packages bring no Node.js of their own (macOS, or without optional packages). */
function refuseOldNode() {
  const { engines } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8'))
  const needed = engines.node.replace('>=', '')
  const [neededMajor, neededMinor] = needed.split('.').map(Number)
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return
  process.stderr.write(
    `this needs Node.js ${needed} or newer, and the packages brought none; this is ${process.version}\n`,
  )
  process.stderr.write('  → install a newer Node.js (https://nodejs.org), then run it again\n')
  process.exit(2)
}

/** npm leaves its own copy of the lock file, without optional packages of other platforms: compare what is in both. */
function isInstalled(wanted) {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return true
  const installed = path.join(repository, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages
  const want = JSON.parse(readFileSync(path.join(repository, 'package-lock.json'), 'utf8')).packages
  for (const [name, entry] of Object.entries(want)) {
    if (name === '') continue
    if (have[name] === undefined ? entry.optional !== true : have[name].version !== entry.version)
      return false
  }
  return Object.keys(have).every((name) => want[name] !== undefined)
}

function nodeProgram() {
  const own = path.join(repository, 'node_modules', '.bin', isWindows ? 'node.cmd' : 'node')
  if (existsSync(own) && !isWindows) return own
  refuseOldNode()
  return process.execPath
}

/** Signals are passed on by the terminal or, when only this process gets them, by us; the child decides what they mean. */
function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: repository, stdio: 'inherit', ...options })
    const relays = ['SIGTERM', 'SIGHUP'].map((signal) => [signal, () => child.kill(signal)])
    relays.push(['SIGINT', () => undefined])
    for (const [signal, relay] of relays) process.on(signal, relay)
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`)
      resolve(127)
    })
    child.on('exit', (code, signal) => {
      for (const [name, relay] of relays) process.off(name, relay)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143))
    })
  })
}
