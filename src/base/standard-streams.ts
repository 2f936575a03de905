import type { EventEmitter } from 'node:events'
import { codeOf, messageOf } from './causes.ts'

/** What a write gets when nobody is at the other end: a pipe whose reader left, a terminal that was closed. */
const readerGone: readonly (string | undefined)[] = ['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED']

/**
 * A reader that has seen enough (`| head`), or a terminal that was closed, ends nothing here: what is written is lost,
 * and the work and its exit code are what they are. For what else keeps a write from being done, a full disk for
 * instance, `failed` is told why, once.
 */
export function surviveLostReaders(stream: EventEmitter, failed: (reason: string) => void = () => {}): void {
  let told = false
  stream.on('error', (error: unknown) => {
    if (told || readerGone.includes(codeOf(error))) return
    told = true
    failed(codeOf(error) ?? messageOf(error))
  })
}
