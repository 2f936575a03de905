import { readFileSync } from 'node:fs'
import path from 'node:path'

/** Lines of the same three steps, without empty ones and comments: `node bench/lines/count.ts`. */

const repository = path.resolve(import.meta.dirname, '../..')
const ways: Record<string, string[]> = {
  'pipeline file': ['bench/lines/three-steps.yaml'],
  'definePipeline, connected and run': ['bench/lines/builder.ts'],
  'runJob, the workflow': ['bench/lines/run-job/workflows.ts'],
  'runJob, with worker and start': [
    'bench/lines/run-job/workflows.ts',
    'examples/own-workflow/worker.ts',
    'examples/own-workflow/start.ts',
  ],
}

function linesOf(file: string): number {
  const lines = readFileSync(path.join(repository, file), 'utf8').split('\n')
  return lines.filter((line) => !/^\s*($|#|\/\/|\/\*\*.*\*\/$)/.test(line)).length
}

for (const [way, files] of Object.entries(ways))
  console.log(`${way}: ${files.map(linesOf).reduce((sum, lines) => sum + lines, 0)}`)
