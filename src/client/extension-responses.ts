import type { Json } from '../base/json.ts'
import type { DocumentEntry, LogLine, Metagraph } from '../contract/index.ts'
import { entityKinds, logLevels } from '../contract/jobs/kinds.ts'
import { type Reader, readNumber, readObject, readOneOf, readText, refuse } from './reading.ts'

/** Readers of what only our own servers answer: all of it must be there. Without schemas, which would come along to every user of the client. */

export const readLogLine: Reader<LogLine> = (value, pointer) => {
  const line = readObject(value, pointer)
  return {
    at: readText(line, 'at', pointer),
    attempt: readNumber(line, 'attempt', pointer),
    level: readOneOf(logLevels, line, 'level', pointer),
    message: readText(line, 'message', pointer),
  }
}

export const readDocument: Reader<DocumentEntry> = (value, pointer) => {
  const document = readObject(value, pointer)
  return {
    collection: readText(document, 'collection', pointer),
    path: readText(document, 'path', pointer),
    media_type: readText(document, 'media_type', pointer),
    size_bytes: readNumber(document, 'size_bytes', pointer),
    sha256: readText(document, 'sha256', pointer),
    updated_at: readText(document, 'updated_at', pointer),
  }
}

export const readGraph: Reader<Metagraph> = (value, pointer) => {
  const graph = readObject(value, pointer)
  return {
    system: readText(graph, 'system', pointer),
    entities: readAll(graph.entities, `${pointer}/entities`, (entry, at) => {
      const entity = readObject(entry, at)
      return {
        id: readText(entity, 'id', at),
        kind: readOneOf(entityKinds, entity, 'kind', at),
        name: readText(entity, 'name', at),
        description: readText(entity, 'description', at),
        source: readSource(entity.source, `${at}/source`),
      }
    }),
    relationships: readAll(graph.relationships, `${pointer}/relationships`, (entry, at) => {
      const relationship = readObject(entry, at)
      return {
        type: readText(relationship, 'type', at),
        from: readText(relationship, 'from', at),
        to: readText(relationship, 'to', at),
        source: readSource(relationship.source, `${at}/source`),
      }
    }),
  }
}

const readSource: Reader<Metagraph['entities'][number]['source']> = (value, pointer) => {
  const source = readObject(value, pointer)
  return { document: readText(source, 'document', pointer), line: readNumber(source, 'line', pointer) }
}

function readAll<T>(value: Json | undefined, pointer: string, read: Reader<T>): T[] {
  if (!Array.isArray(value)) refuse(pointer, 'a list', value)
  return value.map((item, index) => read(item, `${pointer}/${index}`))
}
