import type { JobTypeSchemaEntry } from '../../../src/contract/index.ts'
import {
  type CompileOptions,
  compilePipeline,
  type Finding,
  type PipelinePlan,
} from '../../../src/pipeline/index.ts'

export function findingsOf(text: string, options: Partial<CompileOptions> = {}): Finding[] {
  return compilePipeline(text, { file: 'pipeline.yaml', ...options }).findings
}

/** `line:column code` of every finding, in order. */
export function placesOf(text: string, options: Partial<CompileOptions> = {}): string[] {
  return findingsOf(text, options).map((finding) => `${finding.line}:${finding.column} ${finding.code}`)
}

/** The plan of a file without errors. */
export function planOf(text: string, options: Partial<CompileOptions> = {}): PipelinePlan {
  const { plan, findings } = compilePipeline(text, { file: 'pipeline.yaml', ...options })
  if (!plan)
    throw new Error(
      findings.map((finding) => `${finding.line}:${finding.column} ${finding.message}`).join('\n'),
    )
  return plan
}

export const jobTypes: JobTypeSchemaEntry[] = [
  {
    job_type: 'metagraph_update',
    display_name: 'Update a graph',
    description: '',
    user_facing_description: '',
    json_schema: {
      type: 'object',
      properties: {
        job_type: { const: 'metagraph_update' },
        system_id_or_name: { type: 'string' },
        depth: { type: 'integer' },
        mode: { type: 'string', enum: ['full', 'quick'] },
        nested: {
          type: 'object',
          properties: { on: { type: 'boolean' } },
          required: ['on'],
          additionalProperties: false,
        },
        tags: { type: 'array', items: { type: 'string' } },
      },
      required: ['job_type', 'system_id_or_name'],
      additionalProperties: false,
    },
    creatable_on_ui: true,
    creatable_by_agent: true,
    visible_on_ui: true,
    output_schemas: { metagraph: { type: 'object' }, report: { type: 'string' } },
  },
  {
    job_type: 'generate_issue',
    display_name: 'Generate issues',
    description: '',
    user_facing_description: '',
    json_schema: { type: 'object' },
    creatable_on_ui: true,
    creatable_by_agent: true,
    visible_on_ui: true,
  },
]
