import { z } from 'zod'
import { type Metagraph, metagraphEntitySchema, metagraphRelationshipSchema } from '../../contract/index.ts'
import { defineJobType } from '../../job-types/define-job-type.ts'
import type { HandlerContext } from '../../job-types/types.ts'
import { type AnalysisEngine, type Issue, type Priority, priorities } from './engine.ts'
import { analysisError } from './errors.ts'
import { focusOn } from './focus.ts'
import { defaultCollection, loadDocuments } from './load-documents.ts'
import { countBy } from './metagraph-update.ts'
import { rulesEngine } from './rules-engine.ts'
import { issueSchema, issueSummarySchema } from './schemas.ts'

const name = z.string().trim().min(1).max(200)

const config = z.strictObject({
  metagraph: z
    .object({
      system: z.string(),
      entities: z.array(metagraphEntitySchema),
      relationships: z.array(metagraphRelationshipSchema),
      documents: z.string().optional(),
    })
    .optional()
    .describe('The output `metagraph` of a metagraph_update run'),
  system_id_or_name: name.optional().describe('Or the system whose stored graph is read'),
  documents: name
    .optional()
    .describe(
      'Collection of documents; by default the one the graph was made from, else the one named like the system',
    ),
  min_priority: z
    .enum(priorities)
    .optional()
    .describe('Leave out issues of lower priority; by default none is left out'),
  additional_context: z
    .string()
    .max(10_000)
    .optional()
    .describe(
      'Its words are recorded in the summary, with the titles of the issues that match them as focus; the issues stay the same',
    ),
})

type Context = HandlerContext<z.infer<typeof config>>

/** The graph to look at, and where its documents are. */
async function findGraph({
  api,
  config,
  signal,
}: Context): Promise<{ graph: Metagraph; collection: string }> {
  const { metagraph, system_id_or_name: system } = config
  if (metagraph !== undefined)
    return {
      graph: metagraph,
      collection: config.documents ?? metagraph.documents ?? defaultCollection(metagraph.system),
    }
  if (system === undefined)
    throw analysisError(
      'missing_config',
      'config has neither metagraph nor system_id_or_name',
      'give the output of a metagraph_update run, or name a system',
    )
  const stored = await api.getMetagraph(system, { signal })
  if (stored === undefined)
    throw analysisError(
      'no_metagraph',
      `no graph is stored for the system ${JSON.stringify(system)}`,
      'run metagraph_update for it first, or pass its output as config.metagraph',
    )
  return { graph: stored.graph, collection: config.documents ?? defaultCollection(system) }
}

export function atLeast(issue: Issue, minimum: Priority): boolean {
  return priorities.indexOf(issue.priority) <= priorities.indexOf(minimum)
}

/** Builds the job type around an engine. */
export function createGenerateIssue(engine: AnalysisEngine) {
  return defineJobType({
    jobType: 'generate_issue',
    displayName: 'Generate Issue',
    description:
      'Finds contradictions, gaps and exceeded limits in the documents of a system, each with its evidence.',
    nameField: 'system_id_or_name',
    config,
    outputs: { issues: z.array(issueSchema), summary: issueSummarySchema },
    async run(context) {
      const { config, log, progress, output, signal } = context
      const about = { name: engine.name, version: engine.version }
      progress(0, 'reading graph and documents')
      const { graph, collection } = await findGraph(context)
      const { documents, skipped } = await loadDocuments(context, collection)
      progress(0.3, 'looking for issues')
      const found = await engine.findIssues(graph, documents, {
        system: graph.system,
        signal,
        progress: (fraction, message) => progress(0.3 + 0.6 * fraction, message),
      })
      const issues = found.filter((issue) => atLeast(issue, config.min_priority ?? 'low'))
      const below = found.length - issues.length
      for (const issue of issues) log.info(`${issue.priority}: ${issue.title}`)
      log.info(
        `${issues.length} issues in ${documents.length} documents (${engine.name} ${engine.version})${below === 0 ? '' : `, ${below} below ${config.min_priority}`}`,
      )
      await output.json('issues', issues)
      const focus = focusOn(config.additional_context, issues, (issue) => ({
        label: issue.title,
        text: `${issue.title} ${issue.description}`,
      }))
      await output.json('summary', {
        engine: about,
        system: graph.system,
        documents: { collection, read: documents.map(({ path }) => path), skipped },
        issues: issues.length,
        below_min_priority: below,
        by_priority: countBy(issues, (issue) => issue.priority),
        by_rule: countBy(issues, (issue) => issue.rule),
        ...(focus === undefined ? {} : { focus }),
      })
      progress(1, 'done')
    },
  })
}

/** Built in: raises an issue for each contradiction and gap in a system's documents. */
export const generateIssue = createGenerateIssue(rulesEngine)
