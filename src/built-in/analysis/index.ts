export type { Issue, SourceDocument } from './engine.ts'
export { generateIssue } from './generate-issue.ts'
export { metagraphUpdate } from './metagraph-update.ts'
export { rulesEngine } from './rules-engine.ts'
