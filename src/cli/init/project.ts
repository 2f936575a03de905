/** What `jobwright init` writes: a small project, whole enough that everything in it can be run. */

export interface ProjectOptions {
  /** Of the package. */
  name: string
  /** Where npm finds jobwright: a version, or `file:` and a path. */
  jobwright: string
}

/** What the project needs beside Jobwright. */
export const packages = {
  dependencies: { zod: '^4.6.7' },
  devDependencies: { '@types/node': '^24.19.2', typescript: '^7.0.2', vitest: '^5.1.1' },
} as const

/** By path, in the order in which they are read. */
export function projectFiles(options: ProjectOptions): Record<string, string> {
  return {
    'README.md': readme(options),
    'package.json': `${JSON.stringify(manifest(options), null, 2)}\n`,
    'jobwright.config.ts': config,
    'job-types/word-count.ts': jobType,
    'pipeline.ts': pipeline,
    'pipeline.yaml': pipelineYaml,
    'pipeline.test.ts': pipelineTest,
    'tsconfig.json': `${JSON.stringify(compilerConfig, null, 2)}\n`,
    '.gitignore': 'node_modules/\n.jobwright/\n',
  }
}

function manifest({ name, jobwright }: ProjectOptions): object {
  return {
    name,
    private: true,
    type: 'module',
    scripts: {
      dev: 'jobwright dev',
      pipeline: 'jobwright run pipeline.ts',
      test: 'vitest run',
      check: 'tsc',
      types: 'jobwright types --out job-types/server.ts',
    },
    dependencies: { jobwright, ...packages.dependencies },
    devDependencies: packages.devDependencies,
  }
}

const compilerConfig = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noEmit: true,
    // Node.js runs these files as they are.
    allowImportingTsExtensions: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
  },
  include: ['**/*.ts'],
}

const config = `import { defineConfig } from 'jobwright/job-types'
import { wordCount } from './job-types/word-count.ts'

/** What server and worker of this folder have. */
export default defineConfig({ jobTypes: [wordCount] })
`

const jobType = `import { defineJobType } from 'jobwright/job-types'
import { z } from 'zod'

/** One kind of work: a schema for its config, and the function that does it. */
export const wordCount = defineJobType({
  jobType: 'word_count',
  displayName: 'Word count',
  description: 'Counts the words of a text',
  config: z.strictObject({ text: z.string() }),
  outputs: { count: z.number() },
  async run({ config, log, output }) {
    const words = config.text.split(/\\s+/).filter(Boolean)
    log.info(\`\${words.length} words\`)
    await output.json('count', words.length)
  },
})
`

const pipeline = `import { definePipeline } from 'jobwright'
import { z } from 'zod'
import { wordCount } from './job-types/word-count.ts'

/** Counts the words of each text, one job run for each. The same in YAML: pipeline.yaml. */
export default definePipeline(
  {
    name: 'words',
    description: 'Counts the words of each text',
    inputs: z.object({ texts: z.array(z.string()).default(['to be or not to be', 'that is the question']) }),
  },
  ({ inputs, step }) => {
    const counted = step.each('counted', inputs.texts, (text) => ({ jobType: wordCount, config: { text } }))
    return { counts: counted.outputs.count }
  },
)
`

const pipelineYaml = `name: words
description: Counts the words of each text
inputs:
  texts:
    type: array
    schema:
      items:
        type: string
    default:
      - to be or not to be
      - that is the question
steps:
  counted:
    job_type: word_count
    for_each: \${{ inputs.texts }}
    config:
      text: \${{ item }}
outputs:
  counts: \${{ steps.counted.outputs.count }}
`

const pipelineTest = `import { fail, testPipeline } from 'jobwright/testing'
import { expect, test } from 'vitest'
import { wordCount } from './job-types/word-count.ts'
import pipeline from './pipeline.ts'

const jobs = { word_count: wordCount }

test('counts the words of each text', async () => {
  const run = await testPipeline(pipeline, { inputs: { texts: ['one', 'one two'] }, jobs })
  expect(run.status).toBe('completed')
  expect(run.outputs.counts).toEqual([1, 2])
})

test('fails with a text that cannot be counted', async () => {
  const run = await testPipeline(pipeline, { jobs, faults: { 'counted[1]': fail('illegible') } })
  expect(run.status).toBe('failed')
  expect(run.step('counted').items[1]?.error?.message).toContain('illegible')
})
`

const readme = ({ name }: ProjectOptions): string => `# ${name}

A pipeline of jobs on [Temporal](https://temporal.io), with Jobwright. It needs Node.js 24.16 or newer.

\`\`\`sh
npm install
npm run dev          # Temporal, a Jobs API server and a worker, until Ctrl-C; data in .jobwright/
npm run pipeline     # in another terminal: runs pipeline.ts and follows it
npm test             # runs it in memory: needs nothing of the above
\`\`\`

| | |
|---|---|
| \`pipeline.ts\` | the pipeline; \`pipeline.yaml\` is the same one, keep whichever you like |
| \`job-types/word-count.ts\` | a job type: what a step can run |
| \`jobwright.config.ts\` | which job types there are; connections and secrets |
| \`pipeline.test.ts\` | its test |

\`npm run pipeline -- -i 'texts=["a b", "c"]'\` gives it another input. \`npx jobwright runs\` lists the runs, \`show ID\` looks at one, \`cancel ID\` cancels it;
\`npx jobwright validate pipeline.yaml\` checks a file, \`npx jobwright doctor\` says what is missing. After a change of a job type, start \`npm run dev\` anew.

To run job types of another server, set \`JOBS_API_URL\` and \`JOBS_API_TOKEN\`, and let \`npm run types\` write their types. \`npm run check\` checks those of this folder.
`
