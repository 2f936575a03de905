export { decodeDocument, invalidUtf8Offset } from './decode.ts'
export type {
  AnalysisEngine,
  AnalysisOptions,
  Evidence,
  ExtractedGraph,
  Issue,
  Priority,
  SourceDocument,
} from './engine.ts'
export { priorities } from './engine.ts'
export { AnalysisError, type AnalysisErrorCode } from './errors.ts'
export { createGenerateIssue, generateIssue } from './generate-issue.ts'
export { graphChanges } from './graph-changes.ts'
export { slugOf } from './language/names.ts'
export { defaultCollection, documentLimits, type LoadedDocuments, loadDocuments } from './load-documents.ts'
export { createMetagraphUpdate, metagraphUpdate } from './metagraph-update.ts'
export { parseCsv } from './parse/csv.ts'
export { parseDocument } from './parse/index.ts'
export { rulesEngine } from './rules-engine.ts'
export {
  changesOutputSchema,
  issueSchema,
  issueSummarySchema,
  metagraphOutputSchema,
  metagraphSummarySchema,
} from './schemas.ts'
