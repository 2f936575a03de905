import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isSameProcessAlive, type ProcessIdentity } from '../base/process-lock.ts'

/** What `stack.json` holds: addresses, and which processes are whose. Never a token. */
export interface StackRecord {
  version: 1
  /** The process that started the stack; absent after it was stopped. */
  owner?: ProcessIdentity
  ready: boolean
  children: Record<string, ProcessIdentity>
  namespace: string
  temporalAddress: string
  /** The port of our own Temporal server, which is taken again when it is free. */
  temporalPort?: number
  /** With `/api/v1`. */
  apiUrl: string
  /** What its worker has as its default connection; absent in what an earlier version wrote. */
  defaultConnection?: string
  tokenFile: string
  workerTokenFile: string
}

/** A running stack, as those who use it see it. */
export interface StackInfo {
  dataDir: string
  temporalAddress: string
  namespace: string
  /** With `/api/v1`. */
  apiUrl: string
  /** What its worker has as its default connection, where that is known. */
  defaultConnection?: string
  /** The file that holds the token of the default workspace. */
  tokenFile: string
  workerTokenFile: string
  logsDir: string
  pids: { owner: number } & Record<string, number>
}

const fileName = 'stack.json'
export const logsFolder = (dataDir: string): string => path.join(dataDir, 'logs')

/** The record, or undefined when there is none that can be used. */
export async function readRecord(dataDir: string): Promise<StackRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path.join(dataDir, fileName), 'utf8'))
    return isStackRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Replaces the record; a reader finds the old one or the new one, whole. */
export async function writeRecord(dataDir: string, record: StackRecord): Promise<void> {
  const file = path.join(dataDir, fileName)
  await writeFile(`${file}.tmp`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.tmp`, file)
}

/** The stack that runs on a data directory; undefined when none does, or when it is not ready yet. */
export async function readStack(dataDir: string): Promise<StackInfo | undefined> {
  const record = await readRecord(dataDir)
  if (record?.owner === undefined || !record.ready || !(await isSameProcessAlive(record.owner)))
    return undefined
  return infoOf(dataDir, record, record.owner)
}

export function infoOf(dataDir: string, record: StackRecord, owner: ProcessIdentity): StackInfo {
  const { temporalAddress, namespace, apiUrl, defaultConnection, tokenFile, workerTokenFile, children } =
    record
  const pids = Object.fromEntries(Object.entries(children).map(([name, { pid }]) => [name, pid]))
  return {
    dataDir,
    temporalAddress,
    namespace,
    apiUrl,
    ...(defaultConnection === undefined ? {} : { defaultConnection }),
    tokenFile,
    workerTokenFile,
    logsDir: logsFolder(dataDir),
    pids: { ...pids, owner: owner.pid },
  }
}

function isStackRecord(value: unknown): value is StackRecord {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Partial<Record<keyof StackRecord, unknown>>
  const texts = [
    record.namespace,
    record.temporalAddress,
    record.apiUrl,
    record.tokenFile,
    record.workerTokenFile,
  ]
  return (
    record.version === 1 &&
    texts.every((text) => typeof text === 'string') &&
    (record.owner === undefined || isIdentity(record.owner)) &&
    typeof record.children === 'object' &&
    record.children !== null &&
    Object.values(record.children).every(isIdentity)
  )
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false
  const { pid, startedAt } = value as Partial<Record<keyof ProcessIdentity, unknown>>
  return typeof pid === 'number' && typeof startedAt === 'string'
}
