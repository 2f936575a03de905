import type { Metagraph, MetagraphEntity, MetagraphRelationship } from '../../contract/index.ts'

/** A document as the engine reads it: its path within the collection, and its text (UTF-8, without a byte order mark). */
export interface SourceDocument {
  path: string
  text: string
}

/** The graph that documents describe. Ids are slugs of names, so the same name has the same id in every run. */
export interface ExtractedGraph {
  entities: MetagraphEntity[]
  relationships: MetagraphRelationship[]
}

export const priorities = ['high', 'medium', 'low'] as const
export type Priority = (typeof priorities)[number]

/** A place in a document that supports an issue. Lines count from 1; `text` is that line, shortened. */
export type Evidence = {
  document: string
  line: number
  text: string
}

export type Issue = {
  title: string
  description: string
  priority: Priority
  tags: string[]
  evidence: Evidence[]
  /** Which rule raised it. */
  rule: string
}

export interface AnalysisOptions {
  /** The system that the documents are about, as the job names it. */
  system: string
  signal?: AbortSignal
  /** `fraction` in 0…1. */
  progress?: (fraction: number, message: string) => void
}

/**
 * Turns documents into a graph, and graph and documents into issues. The port is asynchronous so that an engine may
 * ask a remote model; whatever it is, name and version appear in every output.
 */
export interface AnalysisEngine {
  readonly name: string
  readonly version: string
  /** @throws JobwrightError when a document cannot be read */
  readDocuments(documents: readonly SourceDocument[], options: AnalysisOptions): Promise<ExtractedGraph>
  /** By priority, then title. @throws JobwrightError when a document cannot be read */
  findIssues(
    graph: Pick<Metagraph, 'entities' | 'relationships'>,
    documents: readonly SourceDocument[],
    options: AnalysisOptions,
  ): Promise<Issue[]>
}
