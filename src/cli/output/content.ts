import type { CliContext } from '../context.ts'
import { renderJson } from './json.ts'
import { escapeControlInLines } from './text.ts'

/**
 * A stored content on stdout: byte for byte into a pipe, escaped on a terminal. With `--output json` an object with
 * `media_type` and `text`, or `base64` where it is no UTF-8.
 */
export function writeContent(
  ctx: CliContext,
  identity: Record<string, string>,
  stored: { mediaType: string; content: Uint8Array },
): void {
  const text = decode(stored.content)
  if (ctx.output === 'json') {
    const body = text === undefined ? { base64: Buffer.from(stored.content).toString('base64') } : { text }
    ctx.stdout.write(renderJson({ ...identity, media_type: stored.mediaType, ...body }))
  } else if (ctx.isTty) {
    ctx.stdout.write(escapeControlInLines(text ?? Buffer.from(stored.content).toString('latin1')))
  } else {
    ctx.stdout.write(Buffer.from(stored.content))
  }
}

function decode(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return undefined
  }
}
