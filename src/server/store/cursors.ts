import { isInstant, pipelineNamePattern, timestampPattern, uuidPattern } from '../../contract/index.ts'
import { badCursor } from './errors.ts'

/** A place in a list that is ordered by creation, newest first. `createdAt` is in wire form. */
export interface CreatedKey {
  createdAt: string
  id: string
}

type ListName = 'jobs' | 'job-runs'

const sequenceForm = /^(0|[1-9]\d{0,17})$/

/** A cursor names its list and the workspace (or run) it belongs to, so that no other list takes it. */
function encode(list: string, scope: string, place: string[]): string {
  return Buffer.from(JSON.stringify([list, scope, ...place])).toString('base64url')
}

function decode(cursor: string, list: string, scope: string, forms: RegExp[]): string[] {
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw badCursor()
  }
  if (!Array.isArray(parts) || parts.length !== forms.length + 2) throw badCursor()
  const [foundList, foundScope, ...place] = parts as unknown[]
  const valid = place.every((part, index) => typeof part === 'string' && forms[index]?.test(part) === true)
  if (foundList !== list || foundScope !== scope || !valid) throw badCursor()
  // Base64 and JSON have several spellings of one thing; only ours was made here.
  if (encode(list, scope, place as string[]) !== cursor) throw badCursor()
  return place as string[]
}

export function encodeCreatedCursor(list: ListName, workspace: string, key: CreatedKey): string {
  return encode(list, workspace, [key.createdAt, key.id])
}

/** @throws JobwrightError `bad_cursor` */
export function decodeCreatedCursor(list: ListName, workspace: string, cursor: string): CreatedKey {
  const [createdAt = '', id = ''] = decode(cursor, list, workspace, [timestampPattern, uuidPattern])
  if (!isInstant(createdAt)) throw badCursor()
  return { createdAt, id }
}

/** `sequence`: digits of a bigint. `scope`: the workspace of a feed, the run of log lines. */
export function encodeSequenceCursor(list: 'changes' | 'logs', scope: string, sequence: string): string {
  return encode(list, scope, [sequence])
}

/** @throws JobwrightError `bad_cursor` */
export function decodeSequenceCursor(list: 'changes' | 'logs', scope: string, cursor: string): string {
  const [sequence = ''] = decode(cursor, list, scope, [sequenceForm])
  return sequence
}

/** `name`: of a pipeline, the last one of the page. */
export function encodeNameCursor(workspace: string, name: string): string {
  return encode('pipelines', workspace, [name])
}

/** @throws JobwrightError `bad_cursor` */
export function decodeNameCursor(workspace: string, cursor: string): string {
  const [name = ''] = decode(cursor, 'pipelines', workspace, [pipelineNamePattern])
  return name
}
