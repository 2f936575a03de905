import { decodeUtf8 } from '../../base/utf8.ts'
import { analysisError } from './errors.ts'

/**
 * The text of a document, without a byte order mark.
 * @throws JobwrightError `document_not_utf8`, with path and byte offset
 */
export function decodeDocument(path: string, bytes: Uint8Array): string {
  const decoded = decodeUtf8(bytes)
  if ('text' in decoded) return decoded.text
  const { badByte } = decoded
  throw analysisError(
    'document_not_utf8',
    `${path}: byte ${badByte} (0x${(bytes[badByte] ?? 0).toString(16).padStart(2, '0')}) is not UTF-8`,
    'save the document as UTF-8',
  )
}
