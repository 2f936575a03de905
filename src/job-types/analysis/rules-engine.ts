import type { AnalysisEngine } from './engine.ts'
export const rulesEngine: AnalysisEngine = {
  name: 'rules',
  version: '1.0.0',
  readDocuments: async () => ({ entities: [], relationships: [] }),
  findIssues: async () => [],
}
