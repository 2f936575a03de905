import { z } from 'zod'
import { JobsApiError } from '../../client/index.ts'
import type { Metagraph } from '../../contract/index.ts'
import { defineJobType } from '../../job-types/define-job-type.ts'
import type { HandlerContext } from '../../job-types/types.ts'
import type { AnalysisEngine } from './engine.ts'
import { analysisError } from './errors.ts'
import { focusOn } from './focus.ts'
import { graphChanges } from './graph-changes.ts'
import { defaultCollection, loadDocuments } from './load-documents.ts'
import { rulesEngine } from './rules-engine.ts'
import {
  type ChangesOutput,
  changesOutputSchema,
  metagraphOutputSchema,
  metagraphSummarySchema,
} from './schemas.ts'

const maxWrites = 20
const preconditionFailed = 412

const config = z.strictObject({
  system_id_or_name: z.string().trim().min(1).max(200).describe('The system whose graph is updated'),
  documents: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'Collection of documents on the server; by default the one named like the system, in lower case with hyphens (power-distribution-unit)',
    ),
  additional_context: z
    .string()
    .max(10_000)
    .optional()
    .describe(
      'Its words are recorded in the summary, with the entities that match them as focus; the graph stays the same',
    ),
})

export function countBy<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** True when an earlier attempt of this run has already said what it changes. */
async function alreadySaid({ api, run, signal }: HandlerContext<unknown>): Promise<boolean> {
  try {
    await api.getOutput(run.uuid, 'changes', { signal })
    return true
  } catch (error) {
    if (error instanceof JobsApiError && error.status === 404) return false
    throw error
  }
}

/**
 * Writes the graph over whatever is stored, and says what that changes. The changes are stored before the graph: an
 * attempt that finds its own graph in place (an earlier one died in between) keeps what was said then.
 */
async function writeGraph(
  context: HandlerContext<unknown>,
  graph: Metagraph,
): Promise<ChangesOutput | undefined> {
  const { api, log, output, signal } = context
  for (let write = 1; write <= maxWrites; write += 1) {
    signal.throwIfAborted()
    const stored = await api.getMetagraph(graph.system, { signal })
    const changes = graphChanges(stored?.graph ?? { entities: [], relationships: [] }, graph)
    const { added, changed, removed } = changes.counts
    if (context.attempt > 1 && added + changed + removed === 0 && (await alreadySaid(context))) {
      log.info('an earlier attempt has written this graph')
      return undefined
    }
    await output.json('changes', changes)
    try {
      const ifMatch = stored === undefined ? null : stored.etag === '' ? undefined : stored.etag
      await api.putMetagraph(graph, { ifMatch, signal })
      return changes
    } catch (error) {
      if (!(error instanceof JobsApiError && error.status === preconditionFailed)) throw error
      log.warn(
        `the graph of ${graph.system} was changed meanwhile; reading it again (${write} of ${maxWrites})`,
      )
    }
  }
  throw analysisError(
    'metagraph_contended',
    `the graph of ${graph.system} changed under each of ${maxWrites} writes`,
    'run the job again when it is quieter',
  )
}

/** Builds the job type around an engine. */
export function createMetagraphUpdate(engine: AnalysisEngine) {
  return defineJobType({
    jobType: 'metagraph_update',
    displayName: 'Metagraph Update',
    description: 'Updates the system metagraph based on uploaded documents.',
    userFacingDescription: 'Analyzes uploaded documents and updates the system graph.',
    nameField: 'system_id_or_name',
    config,
    outputs: {
      metagraph: metagraphOutputSchema,
      changes: changesOutputSchema,
      summary: metagraphSummarySchema,
    },
    async run(context) {
      const { config, log, progress, output, signal } = context
      const system = config.system_id_or_name
      const about = { name: engine.name, version: engine.version }
      const collection = config.documents ?? defaultCollection(system)
      progress(0, 'reading documents')
      const { documents, skipped } = await loadDocuments(context, collection)
      progress(0.3, 'building the graph')
      const extracted = await engine.readDocuments(documents, {
        system,
        signal,
        progress: (fraction, message) => progress(0.3 + 0.5 * fraction, message),
      })
      const graph: Metagraph = { system, ...extracted }
      log.info(
        `the documents describe ${graph.entities.length} entities and ${graph.relationships.length} relationships (${engine.name} ${engine.version})`,
      )
      progress(0.8, 'updating the stored graph')
      const changes = await writeGraph(context, graph)
      if (changes !== undefined)
        log.info(
          `graph of ${system}: ${changes.counts.added} added, ${changes.counts.changed} changed, ${changes.counts.removed} removed`,
        )
      await output.json(
        'metagraph',
        { ...graph, documents: collection, engine: about },
        { type: 'metagraph' },
      )
      const focus = focusOn(config.additional_context, graph.entities, (entity) => ({
        label: entity.id,
        text: `${entity.name} ${entity.description}`,
      }))
      await output.json('summary', {
        engine: about,
        system,
        documents: { collection, read: documents.map(({ path }) => path), skipped },
        entities: countBy(graph.entities, (entity) => entity.kind),
        relationships: countBy(graph.relationships, (relationship) => relationship.type),
        ...(focus === undefined ? {} : { focus }),
      })
      progress(1, 'done')
    },
  })
}

/** Built in: reads a collection of documents and keeps the graph of a system up to date. */
export const metagraphUpdate = createMetagraphUpdate(rulesEngine)
