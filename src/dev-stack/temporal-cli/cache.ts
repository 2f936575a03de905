import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { codeOf } from '../../base/causes.ts'
import { pinned } from './pinned.ts'

/** What was installed, so that a half-written or replaced file is noticed without reading 156 MB at every start. */
interface CacheRecord {
  sha256: string
  sizeBytes: number
  modifiedMs: number
  source: string
}

const binaryName = process.platform === 'win32' ? 'temporal.exe' : 'temporal'

export const cacheFolder = (cacheDir: string): string =>
  path.join(cacheDir, 'jobwright', `temporal-${pinned.version}`)

/**
 * The cached binary.
 * @throws Error saying why there is none that can be used
 */
export async function findCached(cacheDir: string): Promise<string> {
  const folder = cacheFolder(cacheDir)
  const binary = path.join(folder, binaryName)
  const record = await readRecord(folder)
  if (record === undefined) throw new Error(`nothing in ${folder}`)
  const found = await stat(binary).catch(() => undefined)
  if (found === undefined || found.size !== record.sizeBytes)
    throw new Error(`the copy in ${folder} is not complete`)
  // The same size at another time: copied, restored or tampered with. Only then is the hash worth its half second.
  if (Math.trunc(found.mtimeMs) !== record.modifiedMs && (await sha256OfFile(binary)) !== record.sha256)
    throw new Error(`the copy in ${folder} is not the file that was installed`)
  return binary
}

/** A folder of one's own on the cache's file system, so that what is made in it can be renamed into place. */
export async function makeWorkFolder(cacheDir: string): Promise<string> {
  const parent = path.join(cacheDir, 'jobwright')
  await mkdir(parent, { recursive: true, mode: 0o700 })
  const folder = path.join(parent, `.tmp-${process.pid}-${randomBytes(6).toString('hex')}`)
  await mkdir(folder, { mode: 0o700 })
  return folder
}

/**
 * Puts a binary that lies in a work folder into the cache. Two installers at once are safe: the folder appears whole,
 * by one rename, and the one that comes second uses what is there.
 */
export async function install(cacheDir: string, extracted: string, source: string): Promise<string> {
  const target = cacheFolder(cacheDir)
  const staged = `${extracted}.staged`
  await mkdir(staged, { mode: 0o700 })
  const binary = path.join(staged, binaryName)
  await rename(extracted, binary)
  const found = await stat(binary)
  const record: CacheRecord = {
    sha256: await sha256OfFile(binary),
    sizeBytes: found.size,
    modifiedMs: Math.trunc(found.mtimeMs),
    source,
  }
  await writeFile(path.join(staged, 'record.json'), JSON.stringify(record))
  if (!(await tryRename(staged, target))) {
    const existing = await findCached(cacheDir).catch(() => undefined)
    if (existing !== undefined) return existing
    await tryRename(target, `${staged}.replaced`)
    await tryRename(staged, target)
  }
  return findCached(cacheDir)
}

async function tryRename(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM' || code === 'ENOENT') return false
    throw error
  }
}

async function readRecord(folder: string): Promise<CacheRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path.join(folder, 'record.json'), 'utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is CacheRecord {
  if (typeof value !== 'object' || value === null) return false
  const { sha256, sizeBytes, modifiedMs } = value as Partial<Record<keyof CacheRecord, unknown>>
  return typeof sha256 === 'string' && typeof sizeBytes === 'number' && typeof modifiedMs === 'number'
}

async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}
