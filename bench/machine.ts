import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const clockTicksPerSecond = 100

/** CPU that a process used so far, user and system, in milliseconds (Linux). */
export function cpuMs(pid: number): number {
  const fields = statOf(pid)
  if (!fields) throw new Error(`process ${pid} is over`)
  return ticksMs(fields, 11, 12)
}

const ticksMs = (fields: readonly string[], ...places: number[]): number =>
  (places.reduce((sum, place) => sum + Number(fields[place] ?? 0), 0) * 1000) / clockTicksPerSecond

/** What stands behind the name in `/proc/PID/stat`: the state, the parent, …; undefined: there is no such process any more. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** CPU of everything that a process started and that these started, those that are over too where they were waited for (Linux). */
export function descendantsCpuMs(pid: number): number {
  const parents = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const fields = /^\d+$/.test(entry) ? statOf(Number(entry)) : undefined
    if (fields) parents.set(Number(fields[1]), [...(parents.get(Number(fields[1])) ?? []), Number(entry)])
  }
  const below = (of: number): number => {
    const fields = statOf(of) ?? []
    const live = parents.get(of) ?? []
    return (
      ticksMs(fields, 13, 14) +
      live.reduce((sum, child) => sum + ticksMs(statOf(child) ?? [], 11, 12) + below(child), 0)
    )
  }
  return below(pid)
}

/** Resident memory of a process in MiB (Linux). */
export function residentMiB(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? 0) / 1024
}

export function describeMachine(): string {
  const cpus = os.cpus()
  const memory = (os.totalmem() / 1024 ** 3).toFixed(0)
  return `${os.type()} ${os.release()} ${os.arch()}, ${cpus.length} × ${cpus[0]?.model ?? 'unknown'}, ${memory} GiB, Node.js ${process.version}`
}

export const loadAverage = (): number => os.loadavg()[0] ?? Number.NaN

interface LockEntry {
  dev?: boolean
  devOptional?: boolean
}

/** What the published package depends on, in MiB on disk: neither development packages nor a Node.js of our own. */
export function installedMiB(repository: string): number {
  const lock = JSON.parse(readFileSync(path.join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockEntry>
  }
  const bytes = Object.entries(lock.packages)
    .filter(([name, { dev, devOptional }]) => name !== '' && !dev && !devOptional)
    .filter(([name]) => !/^node_modules\/node-(linux|win)-/.test(name))
    .map(([name]) => path.join(repository, name))
    // Those of other platforms are not there.
    .filter((folder) => existsSync(folder))
    .reduce((sum, folder) => sum + bytesIn(folder), 0)
  return bytes / 1024 ** 2
}

/** Nested packages have entries of their own in the lock file. */
function bytesIn(folder: string): number {
  let sum = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue
    const full = path.join(folder, entry.name)
    if (entry.isDirectory()) sum += bytesIn(full)
    else if (entry.isFile()) sum += statSync(full).size
  }
  return sum
}
