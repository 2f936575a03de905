import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { codeOf } from './causes.ts'
import { JobwrightError } from './errors.ts'

/** Names one process for good: a pid alone is used again, sooner or later. */
export interface ProcessIdentity {
  pid: number
  /** Opaque text that differs between two processes that had the same pid; empty where it cannot be known. */
  startedAt: string
}

export interface ProcessLock {
  /** Frees the lock; safe to call twice, and never removes a lock that someone else has taken meanwhile. */
  release(): Promise<void>
}

/** Another live process holds the lock. Two processes on one embedded database lose data silently. */
export class ProcessLockedError extends JobwrightError {
  override readonly name = 'ProcessLockedError'
  readonly file: string
  /** The pid of the holder. */
  readonly pid: number

  constructor(file: string, pid: number) {
    super({
      code: 'already_locked',
      fault: 'unreachable',
      message: `${path.dirname(path.resolve(file))} is in use by process ${pid} (lock file ${path.basename(file)})`,
      fix: 'stop that process, or use another data directory',
    })
    this.file = file
    this.pid = pid
  }
}

interface LockRecord extends ProcessIdentity {
  /** One acquisition; what tells two records of the same process apart. */
  nonce: string
}

const run = promisify(execFile)

/** The identity of a running process; undefined when there is none with that pid, or only a zombie. */
export async function processIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  if (process.platform === 'linux') return linuxIdentity(pid)
  if (!exists(pid)) return undefined
  if (process.platform === 'win32') return { pid, startedAt: '' }
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { LC_ALL: 'C' } })
    return stdout.trim() === '' ? undefined : { pid, startedAt: stdout.trim() }
  } catch {
    return exists(pid) ? { pid, startedAt: '' } : undefined
  }
}

/** True when the very process that `identity` names is still running. */
export async function isSameProcessAlive(identity: ProcessIdentity): Promise<boolean> {
  const current = await processIdentity(identity.pid)
  if (current === undefined) return false
  return identity.startedAt === '' || current.startedAt === '' || current.startedAt === identity.startedAt
}

async function linuxIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  let stat: string
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // proc(5): the command in parentheses may hold spaces and parentheses itself; state is field 3, starttime field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = '', startTicks = ''] = [fields[0], fields[19]]
  if (state === 'Z' || state === 'X') return undefined
  // Ticks count from boot, so the same pid and ticks can come again after a reboot.
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '')
  return { pid, startedAt: `${boot.trim()}/${startTicks}` }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/**
 * Takes a lock file for this process, or throws ProcessLockedError while its owner lives.
 * The lock of a dead or recycled process is taken over; of several takers at once exactly one succeeds.
 * Works between processes that see the same process table; not across hosts or containers.
 *
 * How: a record is put in place by link(2), which fails when the name exists. The one successor of a dead record
 * links itself as `FILE.NONCE-OF-THE-DEAD`, checks that the dead record still is in FILE, and renames itself over it.
 */
export async function acquireProcessLock(file: string): Promise<ProcessLock> {
  await mkdir(path.dirname(path.resolve(file)), { recursive: true })
  const self = await processIdentity(process.pid)
  const record: LockRecord = { pid: process.pid, startedAt: self?.startedAt ?? '', nonce: randomUUID() }
  const draft = `${file}.draft-${record.nonce}`
  try {
    await writeFile(draft, JSON.stringify(record), { flush: true })
    while (!(await tryOnce(file, draft))) {
      // Someone replaced the record while we looked: look again.
    }
  } finally {
    // Also of a disk that is full, which takes the name and not the content.
    await Promise.all(
      [draft, `${draft}-copy`].map((left) => rm(left, { force: true }).catch(() => undefined)),
    )
  }
  return { release: () => release(file, record) }
}

/** True: the lock is ours. False: what was seen is out of date. */
async function tryOnce(file: string, draft: string): Promise<boolean> {
  if (await tryLink(draft, file)) return true
  const first = await readRecord(file)
  if (first === undefined) return false
  const successors: string[] = []
  for (let dead = first; ; ) {
    if (await isSameProcessAlive(dead)) throw new ProcessLockedError(file, dead.pid)
    const successor = `${file}.${dead.nonce}`
    successors.push(successor)
    if (await tryLink(draft, successor)) break
    const next = await readRecord(successor)
    if (next === undefined) return false
    dead = next
  }
  const own = successors.at(-1) ?? draft
  if ((await readRecord(file))?.nonce !== first.nonce) {
    await rm(own, { force: true })
    return false
  }
  // A copy, because rename(2) between two links of one inode does nothing. Our successor file stays until FILE
  // holds our record: while a dead record is in FILE, nobody else can become its successor.
  const copy = `${draft}-copy`
  await writeFile(copy, await readFile(draft), { flush: true })
  await rename(copy, file)
  await Promise.all(successors.map((successor) => rm(successor, { force: true })))
  return true
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** The record in a file; undefined when the file is gone. Unreadable content counts as a dead owner's. */
async function readRecord(file: string): Promise<LockRecord | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const { pid, startedAt, nonce } = JSON.parse(text) as Partial<LockRecord>
    if (typeof pid === 'number' && typeof startedAt === 'string' && /^[0-9a-f-]{36}$/.test(nonce ?? ''))
      return { pid, startedAt, nonce: nonce as string }
  } catch {
    // Cut short by a power failure: nobody can hold it.
  }
  return { pid: 0, startedAt: '', nonce: createHash('sha256').update(text).digest('hex').slice(0, 36) }
}

async function release(file: string, record: LockRecord): Promise<void> {
  if ((await readRecord(file))?.nonce === record.nonce) await rm(file, { force: true })
}
