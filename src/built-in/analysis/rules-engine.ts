import {
  type AnalysisEngine,
  type ExtractedGraph,
  type Issue,
  priorities,
  type SourceDocument,
} from './engine.ts'
import { readModel } from './reading/index.ts'
import type { Entity, Model } from './reading/model.ts'
import { contradictingValues } from './rules/contradicting-values.ts'
import { doubleAssignments } from './rules/double-assignments.ts'
import { exceededLimits } from './rules/exceeded-limits.ts'
import { missingEvidence } from './rules/missing-evidence.ts'
import { openItemsRule } from './rules/open-items.ts'
import type { Finding, Rule } from './rules/rule.ts'
import { unconnectedComponents } from './rules/unconnected-components.ts'
import { wrongTotals } from './rules/wrong-totals.ts'

const rules: readonly Rule[] = [
  contradictingValues,
  doubleAssignments,
  exceededLimits,
  missingEvidence,
  openItemsRule,
  unconnectedComponents,
  wrongTotals,
]

const maxEvidence = 20
const maxLineLength = 300

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

function graphOf(model: Model): ExtractedGraph {
  const entities = [...model.entities.values()]
    .map(({ id, kind, name, description, place }) => ({ id, kind, name, description, source: place }))
    .sort((a, b) => compare(a.id, b.id))
  const relationships = new Map(
    model.links.map(({ type, from, to, place }) => [
      JSON.stringify([type, from, to]),
      { type, from, to, source: place },
    ]),
  )
  return {
    entities,
    relationships: [...relationships].sort(([a], [b]) => compare(a, b)).map(([, one]) => one),
  }
}

function issueOf(
  { places, ...finding }: Finding,
  rule: Rule,
  documents: ReadonlyMap<string, string[]>,
): Issue {
  const evidence = places.slice(0, maxEvidence).map(({ document, line }) => ({
    document,
    line,
    text: (documents.get(document)?.[line - 1] ?? '').trim().slice(0, maxLineLength),
  }))
  return { ...finding, evidence, rule: rule.name }
}

/**
 * Reads documents by general rules: headers of tables, units, ids and plain sentences. Asks nobody else.
 *
 * `parse/` makes sections, tables and sentences with lines of every format; `language/` knows numbers, units, parameters
 * and names; `reading/` makes a model of what is said: things, links, sizes, requirements, tests (new headers and verbs
 * go to the tables in `columns.ts` and `relations.ts`); each file of `rules/` finds one sort of issue in that model.
 */
export const rulesEngine: AnalysisEngine = {
  name: 'rules',
  version: '1.0.0',
  async readDocuments(documents: readonly SourceDocument[], options) {
    return graphOf(readModel(documents, options))
  },
  async findIssues(graph, documents, options) {
    const known = graph.entities.map(
      ({ source, ...entity }): Omit<Entity, 'weight'> => ({ ...entity, place: source }),
    )
    const model = readModel(documents, options, known)
    const lines = new Map(model.documents.map(({ path, lines }) => [path, lines]))
    const issues: Issue[] = []
    for (const [index, rule] of rules.entries()) {
      options.signal?.throwIfAborted()
      options.progress?.(0.5 + (0.5 * index) / rules.length, `rule ${rule.name}`)
      for (const finding of rule.find(model, graph)) issues.push(issueOf(finding, rule, lines))
    }
    return issues.sort(
      (a, b) => priorities.indexOf(a.priority) - priorities.indexOf(b.priority) || compare(a.title, b.title),
    )
  },
}
