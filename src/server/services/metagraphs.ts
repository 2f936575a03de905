import { jsonPointer } from '../../base/json-pointer.ts'
import type { Metagraph } from '../../contract/index.ts'
import type { JobStore } from '../ports/index.ts'
import type { ApiCaller } from './callers.ts'
import { nameProblem } from './document-path.ts'
import { parseEtags, preconditionFailed, quoted } from './etags.ts'
import { invalid, type ProblemDetail, unknown } from './problems.ts'

export interface StoredMetagraph {
  graph: Metagraph
  /** As HTTP writes it, in quotes. */
  etag: string
}

/** `If-Match` and `If-None-Match` as sent. */
export interface Preconditions {
  ifMatch: string | undefined
  ifNoneMatch: string | undefined
}

export interface MetagraphService {
  get(caller: ApiCaller, system: string): Promise<StoredMetagraph>
  /** A job run's write is keyed by its id: a second attempt changes nothing and answers what the first wrote. */
  put(
    caller: ApiCaller,
    system: string,
    graph: Metagraph,
    preconditions: Preconditions,
  ): Promise<StoredMetagraph>
}

/** The graph of each system. Errors are ApiProblems. */
export function createMetagraphService(store: JobStore): MetagraphService {
  return {
    async get(caller, system) {
      checkSystem(system)
      const stored = await store.metagraphs.get(caller, system)
      if (!stored) throw unknown('metagraph', system)
      return { graph: stored.graph, etag: quoted(stored.etag) }
    },
    async put(caller, system, graph, preconditions) {
      checkSystem(system)
      const problems = graphProblems(system, graph)
      if (problems.length > 0) throw invalid('validation_failed', problems)
      const ifMatch = await expectedEtag(store, caller, system, preconditions)
      const written = await store.metagraphs.put(caller, graph, {
        ...(ifMatch === undefined ? {} : { ifMatch }),
        ...(caller.jobRunId === undefined ? {} : { writtenBy: caller.jobRunId }),
      })
      if (written.outcome === 'precondition_failed')
        throw preconditionFailed(`The graph of ${system}`, written.etag)
      return { graph: written.graph, etag: quoted(written.etag) }
    },
  }
}

function checkSystem(system: string): void {
  const problem = nameProblem('{system}', system, { slashes: true })
  if (problem) throw invalid('validation_failed', [problem])
}

/** The store's `ifMatch`: undefined: whatever is there; null: nothing yet. Of several etags, the one that is current. */
async function expectedEtag(
  store: JobStore,
  caller: ApiCaller,
  system: string,
  sent: Preconditions,
): Promise<string | null | undefined> {
  if (sent.ifNoneMatch !== undefined) {
    if (sent.ifNoneMatch.trim() !== '*')
      throw invalid('validation_failed', [
        { pointer: 'If-None-Match', detail: 'expected *, which means: only when there is no graph yet' },
      ])
    return null
  }
  if (sent.ifMatch === undefined) return undefined
  const tags = parseEtags(sent.ifMatch)
  // The store compares, and it alone: a handler's second attempt carries an etag that its first one has replaced.
  if (tags !== '*' && tags.length === 1) return tags[0]
  const current = await store.metagraphs.get(caller, system)
  if (tags === '*') {
    if (!current) throw preconditionFailed(`The graph of ${system}`, null)
    return current.etag
  }
  return current && tags.includes(current.etag) ? current.etag : tags[0]
}

function graphProblems(system: string, graph: Metagraph): ProblemDetail[] {
  const problems: ProblemDetail[] = []
  if (graph.system !== system)
    problems.push({
      pointer: '/system',
      detail: `expected ${JSON.stringify(system)}, as in the path; found ${JSON.stringify(graph.system.slice(0, 100))}`,
    })
  const ids = new Set<string>()
  for (const [index, entity] of graph.entities.entries()) {
    if (ids.has(entity.id))
      problems.push({
        pointer: jsonPointer(['entities', index, 'id']),
        detail: 'is the id of an earlier entity too',
      })
    ids.add(entity.id)
  }
  for (const [index, relationship] of graph.relationships.entries())
    for (const end of ['from', 'to'] as const)
      if (!ids.has(relationship[end]))
        problems.push({
          pointer: jsonPointer(['relationships', index, end]),
          detail: 'is not the id of an entity of this graph',
        })
  return problems
}
