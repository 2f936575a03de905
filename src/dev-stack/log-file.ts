import { type FileHandle, open, rename, stat } from 'node:fs/promises'
import { Writable } from 'node:stream'

const maxBytes = 5 * 1024 * 1024

/** Appends to a file, which is put aside (`.1`) whenever it has become long; one older log is kept. */
class LogFile extends Writable {
  readonly #file: string
  #handle: FileHandle | undefined
  #bytes = 0

  constructor(file: string) {
    super()
    this.#file = file
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // A log that cannot be written, on a disk that is full perhaps, must not stop what is logged.
    this.#append(chunk).then(done, done)
  }

  override _final(done: () => void): void {
    this.#close().then(done, done)
  }

  async #append(chunk: Buffer): Promise<void> {
    if (this.#bytes > maxBytes) await this.#close()
    this.#handle ??= await this.#open()
    await this.#handle.appendFile(chunk)
    this.#bytes += chunk.length
  }

  async #open(): Promise<FileHandle> {
    const found = await stat(this.#file).catch(() => undefined)
    const isLong = found !== undefined && found.size > maxBytes
    if (isLong) await rename(this.#file, `${this.#file}.1`)
    this.#bytes = isLong ? 0 : (found?.size ?? 0)
    return open(this.#file, 'a', 0o600)
  }

  async #close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    this.#bytes = 0
    await handle?.close()
  }
}

/** A log that never fails and never holds more than about 10 MiB, the older file included. */
export function openLog(file: string): Writable {
  return new LogFile(file)
}
