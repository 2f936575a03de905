import type { JsonObject } from '../../base/json.ts'
import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import type { ValueShape } from '../../expressions/index.ts'
import type { Finding, Reporter } from '../nodes/findings.ts'
import { entryOf, get, type MapEntry, textOf } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import { isNested, maxNesting, nestingOf, type PipelinePlan, type PlanInput } from '../plan/index.ts'

/** What a step's `pipeline` names, compiled; or why there is no such thing. */
export type ResolvedPipeline =
  | {
      plan?: PipelinePlan
      findings: readonly Finding[]
      /** As compiling it gave them. */
      outputShapes?: ReadonlyMap<string, unknown>
    }
  | { problem: { code: string; message: string; fix: string } }

/** Why there is no such thing. */
export type NoPipeline = Extract<ResolvedPipeline, { problem: unknown }>

/** Finds what a step's `pipeline` names, as it stands in the file that is compiled: a file relative to it, or a name. */
export type ResolvePipeline = (reference: string) => ResolvedPipeline

/** A pipeline that a step of the file runs. */
export interface NestedPipeline {
  plan: PipelinePlan
  outputShapes: ReadonlyMap<string, ValueShape>
}

/** True of what names a file; anything else is the name of a saved pipeline. */
export function namesFile(reference: string): boolean {
  return /[/\\]|\.(ya?ml|m?[jt]s)(#.*)?$/i.test(reference)
}

/** What is said of a pipeline that nobody looked for. */
export const notFound = (reference: string): NoPipeline => ({
  problem: namesFile(reference)
    ? {
        code: 'pipeline_not_resolved',
        message: `the pipeline file \`${reference}\` cannot be read from here`,
        fix: 'compile it where its files are, and give the plan; or save the pipeline, and name it',
      }
    : {
        code: 'unknown_pipeline',
        message: `no saved pipeline \`${reference}\` is known here`,
        fix: `name a file, as in ./${reference}.yaml`,
      },
})

/** What is said of a name that the server does not have. */
export function unknownPipeline(name: string): NoPipeline['problem'] {
  return {
    code: 'unknown_pipeline',
    message: `the server has no saved pipeline \`${name}\` in this workspace`,
    fix: 'save it first (jobwright push FILE), or name a file, as in ./FILE.yaml',
  }
}

/**
 * The pipelines that steps run, by the ids of the steps. What cannot be had is reported where it is named.
 * @param findings gets what was found in the pipelines themselves
 */
export function findNested(
  steps: readonly MapEntry[],
  resolve: ResolvePipeline = notFound,
  reporter: Reporter,
  findings: Finding[],
): Map<string, NestedPipeline> {
  const found = new Map<string, NestedPipeline>()
  for (const { key, value } of steps) {
    const node = get(value, 'pipeline')
    const reference = textOf(node)
    if (!node || !reference || hasExpression(reference) || reporter.isFull()) continue
    const report = (code: string, message: string, fix: string) =>
      reporter.add({ code, offset: node.start, message, fix })
    const resolved = resolve(reference)
    if ('problem' in resolved) {
      const { code, message, fix } = resolved.problem
      report(code, message, fix)
      continue
    }
    findings.push(...resolved.findings)
    const { plan } = resolved
    if (!plan) {
      const errors = resolved.findings.filter(({ severity }) => severity === 'error').length
      const amount = errors === 1 ? 'an error' : `${errors} errors`
      report('nested_pipeline_invalid', `pipeline \`${reference}\` has ${amount}`, 'correct it first')
    } else if (nestingOf(plan) >= maxNesting) {
      report(
        'nested_too_deep',
        `with pipeline \`${reference}\`, more than ${maxNesting} pipelines stand within one another`,
        'run steps of the inner ones directly',
      )
    } else found.set(key, { plan, outputShapes: shapesOf(resolved.outputShapes) })
  }
  return found
}

/** They are of the compiler's own making; to everybody else they are nothing to look into. */
function shapesOf(outputShapes: ReadonlyMap<string, unknown> = new Map()): ReadonlyMap<string, ValueShape> {
  return outputShapes as ReadonlyMap<string, ValueShape>
}

/** Also one of which the pipeline could not be had. */
export function isNestedStep({ value }: Pick<MapEntry, 'value'>): boolean {
  return entryOf(value, 'pipeline') !== undefined
}

const jsonTypes: Readonly<Record<PlanInput['type'], string>> = {
  string: 'string',
  number: 'number',
  integer: 'integer',
  boolean: 'boolean',
  array: 'array',
  object: 'object',
}

/** The inputs of a pipeline as the schema that a step's `inputs` are checked against. */
export function inputsSchema({ name, inputs }: PipelinePlan): JobTypeSchemaEntry {
  const properties = inputs.map((input): [string, JsonObject] => [
    input.name,
    {
      type: jsonTypes[input.type],
      ...(input.enum ? { enum: [...input.enum] } : {}),
      ...(input.schema ? { allOf: [partOfAnother(input.name, input.schema)] } : {}),
    },
  ])
  const required = inputs.filter((input) => input.default === undefined).map((input) => input.name)
  return {
    job_type: name,
    display_name: name,
    description: '',
    user_facing_description: '',
    json_schema: {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
    },
    creatable_on_ui: false,
    creatable_by_agent: false,
    visible_on_ui: false,
  }
}

/** A schema within another one: what it refers to is within itself. */
function partOfAnother(name: string, { $schema: _, ...schema }: JsonObject): JsonObject {
  const refers = /"\$(ref|dynamicRef)":/.test(JSON.stringify(schema))
  return refers ? { $id: `urn:jobwright:input:${encodeURIComponent(name)}`, ...schema } : schema
}

/** The bytes of a plan, those of the pipelines within it counted as often as they stand there. */
export function planBytes(plan: PipelinePlan, known = new Map<PipelinePlan, number>()): number {
  const before = known.get(plan)
  if (before !== undefined) return before
  const nested = plan.steps.flatMap(({ target }) => (target.kind === 'pipeline' ? [target.pipeline] : []))
  const steps = plan.steps.map((step) => (isNested(step) ? { ...step, target: step.target.inputs } : step))
  const own = JSON.stringify({ ...plan, steps })
  const bytes = nested.reduce((sum, each) => sum + planBytes(each, known), Buffer.byteLength(own))
  known.set(plan, bytes)
  return bytes
}
