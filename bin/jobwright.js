#!/bin/sh
':' //; own="$(dirname "$(readlink -f "$0")")/../node_modules/.bin/node"; [ -x "$own" ] || own=node; exec "$own" "$0" "$@"
// For a shell the line above is all: the Node.js among the packages takes its place, so that whoever started this file
// has the process that works, and none between. For Node.js it says nothing.

// Plain JavaScript that any Node.js with modules can read: it finds out whether this one can run the rest.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const built = path.join(root, 'cli.js')
const source = path.join(root, 'src', 'cli.ts')
const script = existsSync(built) ? built : source
const own = path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node')

const { engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const needed = engines.node.replace('>=', '')
const [neededMajor, neededMinor] = needed.split('.').map(Number)
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) {
  import(pathToFileURL(script).href).catch((error) => {
    console.error(error)
    process.exitCode = 70
  })
} else if (existsSync(own) && path.resolve(process.execPath) !== path.resolve(own)) {
  // No Node.js so old can be replaced by another: it stays as the parent, and its child ends when it is killed.
  const guard = path.join(path.dirname(script), 'dev-stack', `parent-guard${path.extname(script)}`)
  const guarded = ['--import', `${pathToFileURL(guard).href}?patience_ms=0`, script]
  const child = spawn(own, [...guarded, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  // Ctrl-C reaches the child through the terminal; other signals only through us.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code === null ? 128 + constants.signals[signal] : code))
} else {
  console.error(`jobwright needs Node.js ${needed} or newer; this is ${process.version}.`)
  console.error('  → install a newer Node.js (https://nodejs.org), then run it again')
  process.exitCode = 2
}
