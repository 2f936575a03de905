import { messageOf } from '../../base/causes.ts'
import type { Duration } from '../../base/duration.ts'
import { JobwrightError } from '../../base/errors.ts'
import { type CompiledPipeline, type CompileOptions, compileSource } from '../compile/compile.ts'
import { notFound } from '../compile/nested.ts'
import { createReporter, type Reporter } from '../nodes/findings.ts'
import type { MapEntry, MapNode, Node } from '../nodes/nodes.ts'
import { writeYaml } from '../yaml/write.ts'
import { createBuilding, entry, map, type OpenBuilding, scalar, type Where } from './building.ts'
import { binding, cel } from './cel.ts'
import { createDefineStep, createRunPipeline, inCode, withFileNames } from './define-step.ts'
import { expression, expressionOf, lift } from './expression.ts'
import { inputFields, isSchema, moreThanFields, shapeOfObject } from './input-schemas.ts'
import type { ZodSchema } from './job-type-types.ts'
import { BuilderError, type Mistake } from './mistakes.ts'
import { type AnyPipeline, type Pipeline, pipelineBrand } from './pipeline.ts'
import { type Mark, markCaller, placeOf } from './place.ts'
import type { ScheduleOptions } from './schedule-types.ts'
import type {
  ConcurrencyOptions,
  DefineStep,
  NotificationOptions,
  Priority,
  RetryOptions,
  RunPipeline,
} from './step-types.ts'
import { toNode } from './to-nodes.ts'
import type { Expr, ValueOf } from './values.ts'

/** By any names. */
export type NamedPipelines = Readonly<Record<string, AnyPipeline>>

/** What a pipeline says of itself. */
export interface PipelineDefinition<
  Inputs extends ZodSchema,
  Pipelines extends NamedPipelines = NamedPipelines,
> {
  /** Letters, digits, `-`, `_` and `.`. */
  name: string
  description?: string
  /** An object schema of any zod 4: `z.object({ … })`. An input without a default is required. */
  inputs?: Inputs
  /** Which Jobs API: a name from `jobwright.config.ts`. @default 'default' */
  connection?: string
  /** Pipelines that its steps run, by names of its own. */
  pipelines?: Pipelines
  /** A place for each run; as a function, with a key made of the inputs. */
  concurrency?: ConcurrencyOptions | ((inputs: Expr<NoInfer<Inputs>['_zod']['output']>) => ConcurrencyOptions)
  /** @default 3 */
  priority?: Priority
  /** Of steps that say nothing else. */
  defaults?: { timeout?: Duration; retry?: RetryOptions }
  /** When it runs by itself; several schedules have names. */
  schedule?:
    | ScheduleOptions<NoInfer<Inputs>['_zod']['input']>
    | readonly ScheduleOptions<NoInfer<Inputs>['_zod']['input']>[]
  /** Who is told when a run fails, is held, completes or is late. */
  notify?: readonly NotificationOptions[]
}

/** What the function of a pipeline is given. */
export interface PipelineParts<Inputs, Pipelines extends NamedPipelines = NamedPipelines> {
  /** The inputs of the run, by name. */
  inputs: Expr<Inputs>
  /** Adds a step. */
  step: DefineStep
  /** Of each pipeline that was named a function that adds a step which runs it. */
  pipelines: { readonly [Name in keyof Pipelines]: RunPipeline<Pipelines[Name]> }
}

/**
 * A pipeline in code. The function is called once, now; what it describes compiles to the plan that the same pipeline in YAML compiles
 * to, and nothing of it runs later. What it returns is what a completed run gives.
 *
 * It never throws: what is wrong is a finding of `compile`, at the line that wrote it.
 *
 * @example
 * ```ts
 * import { z } from 'zod'
 * import { definePipeline } from 'jobwright'
 *
 * export default definePipeline(
 *   { name: 'review', inputs: z.object({ folder: z.string().default('pictures') }) },
 *   ({ inputs, step }) => {
 *     const found = step('found', { jobType: 'list_images', config: { folder: inputs.folder } })
 *     const small = step.each('small', found.outputs.images, (image) => ({
 *       jobType: 'resize_image',
 *       config: { url: image.href, width: 200 },
 *     }))
 *     return { images: small.outputs.image }
 *   },
 * )
 * ```
 */
export function definePipeline<
  Inputs extends ZodSchema,
  Result,
  const Pipelines extends NamedPipelines = Record<never, never>,
>(
  definition: PipelineDefinition<Inputs, Pipelines>,
  build: (parts: PipelineParts<Inputs['_zod']['output'], Pipelines>) => Result,
): Pipeline<Inputs['_zod']['input'], ValueOf<Result>> {
  const mark = markCaller(definePipeline)
  const building = createBuilding()
  const root = describe(
    building,
    mark,
    definition,
    build as unknown as (parts: PipelineParts<unknown>) => unknown,
  )
  building.open = false
  const compile = (options: CompileOptions = {}): CompiledPipeline => {
    const reporter = reporterOf(building)
    return compileSource({ root, text: '', reporter }, withPipelines(building, options))
  }
  return Object.freeze({
    name: String((definition as { name?: unknown } | undefined)?.name),
    compile,
    toYaml() {
      const { plan, findings } = compile()
      const [first] = findings
      if (plan || !first) return writeYaml(root)
      throw new JobwrightError({
        code: 'invalid_pipeline',
        fault: 'usage',
        message: `${first.file}:${first.line}:${first.column} ${first.message}`,
        fix: first.fix,
      })
    },
    [pipelineBrand]: true,
  })
}

/** Pipelines that are given in code need no looking for. */
function withPipelines({ pipelines }: OpenBuilding, options: CompileOptions): CompileOptions {
  if (pipelines.size === 0) return options
  const { nowMs: _, ...timeless } = options
  const { resolvePipeline } = options
  return {
    ...options,
    resolvePipeline(reference) {
      const pipeline = pipelines.get(reference)
      if (pipeline) return pipeline.compile(timeless)
      return resolvePipeline?.(reference) ?? notFound(reference)
    },
  }
}

function reporterOf(building: OpenBuilding): Reporter {
  const none: Mark = {}
  const reporter = createReporter('', (offset) => placeOf(building.marks[offset] ?? none))
  const add: Reporter['add'] = (problem) =>
    reporter.add({ ...problem, message: inCode(problem.message), fix: inCode(problem.fix) })
  building.mistakes.forEach(add)
  for (const offset of building.standIns) reporter.mute(offset, offset + 1)
  return { ...reporter, add }
}

function describe(
  building: OpenBuilding,
  mark: Mark,
  definition: unknown,
  build: (parts: PipelineParts<unknown>) => unknown,
): Node {
  const where: Where = { building, mark, reads: () => undefined }
  const constant: Where = { ...where, constant: true }
  if (typeof definition !== 'object' || definition === null) return scalar(building, null, mark)
  const { inputs, pipelines, concurrency, schedule, notify, ...fields } = definition as Record<
    string,
    unknown
  >
  return map(building, mark, () => {
    const head = Object.entries(fields).flatMap(([key, value]) =>
      value === undefined ? [] : entry(building, key, mark, () => toNode(constant, value)),
    )
    const due =
      schedule === undefined
        ? []
        : entry(building, 'schedule', mark, () => toNode(constant, schedulesOf(schedule)))
    // Secrets may stand in it.
    const told = notify === undefined ? [] : entry(building, 'notify', mark, () => toNode(where, notify))
    const declared =
      inputs === undefined ? [] : entry(building, 'inputs', mark, () => inputsNode(constant, inputs))
    const limit =
      concurrency === undefined
        ? []
        : entry(building, 'concurrency', mark, () => toNode(where, limitOf(building, mark, concurrency)))
    const ran = run(building, mark, build, pipelines)
    const steps: MapNode = {
      ...map(building, mark, () => building.steps),
      ...(ran.failed ? { incomplete: true } : {}),
      ...(building.repeated.length > 0 ? { repeated: building.repeated } : {}),
    }
    const outputs =
      ran.result === undefined ? [] : entry(building, 'outputs', mark, () => toNode(where, ran.result))
    return [
      ...head,
      ...told,
      ...declared,
      ...due,
      ...limit,
      { key: 'steps', keyStart: steps.start, value: steps },
      ...outputs,
    ]
  })
}

function schedulesOf(schedule: unknown): unknown {
  return Array.isArray(schedule) ? schedule.map(withFileNames) : withFileNames(schedule)
}

function inputsOf(building: OpenBuilding, mark: Mark) {
  return lift<unknown>(expression(cel(binding.member, 'inputs'), mark, [{ buildings: new Set([building]) }]))
}

function limitOf(building: OpenBuilding, mark: Mark, concurrency: unknown): unknown {
  if (typeof concurrency !== 'function' || expressionOf(concurrency)) return withFileNames(concurrency)
  try {
    return withFileNames((concurrency as (inputs: unknown) => unknown)(inputsOf(building, mark)))
  } catch (error) {
    building.report(mistakeOf(error, mark))
    return null
  }
}

/** Lets the user's function describe the pipeline. */
function run(
  building: OpenBuilding,
  mark: Mark,
  build: (parts: PipelineParts<unknown>) => unknown,
  pipelines: unknown,
): { result?: unknown; failed: boolean } {
  try {
    const result = build({
      inputs: inputsOf(building, mark),
      step: createDefineStep(building),
      pipelines: createRunPipeline(building, pipelines) as PipelineParts<unknown>['pipelines'],
    })
    if (expressionOf(result) || !(result instanceof Promise)) return { result, failed: false }
    result.catch(() => undefined)
    building.report({
      code: 'builder_awaits',
      message: 'the function of a pipeline returns a promise',
      fix: 'remove `async` and `await`: await what the pipeline is made of before `definePipeline`',
      mark,
    })
  } catch (error) {
    building.report(mistakeOf(error, mark))
  }
  return { failed: true }
}

function mistakeOf(error: unknown, mark: Mark): Mistake {
  if (error instanceof BuilderError) return error.mistake
  const thrownAt: Mark = error instanceof Error && error.stack !== undefined ? { stack: error.stack } : mark
  const place = placeOf(thrownAt).file === '' ? mark : thrownAt
  const early =
    error instanceof ReferenceError && /^Cannot access '(.*)' before initialization/.exec(error.message)
  if (early)
    return {
      code: 'used_before_defined',
      message: `\`${early[1]}\` is used before it is defined`,
      fix: `define \`${early[1]}\` above this line`,
      mark: place,
    }
  const kind = error instanceof Error ? `${error.name}: ` : ''
  return {
    code: 'builder_throws',
    message: `the function of the pipeline throws ${kind}${messageOf(error)}`,
    fix: 'correct what throws here',
    mark: place,
  }
}

function inputsNode(where: Where, inputs: unknown): Node {
  const { building, mark } = where
  const refuse = (code: string, message: string, fix: string): void =>
    void building.report({ code, message, fix, mark })
  const shape = isSchema(inputs) ? shapeOfObject(inputs) : undefined
  if (!isSchema(inputs) || !shape) {
    refuse('bad_inputs', 'the inputs are no object schema of zod 4', 'write inputs: z.object({ … })')
    return map(building, mark, () => [])
  }
  const more = moreThanFields(inputs)
  if (more !== undefined)
    refuse('bad_inputs', `the inputs have ${more}, which no plan can carry`, 'say it of each input')
  return map(building, mark, () =>
    Object.entries(shape).flatMap(([name, schema]): MapEntry[] => {
      const found = isSchema(schema)
        ? inputFields(schema)
        : { refused: 'no schema', fix: 'write z.string(), …' }
      if ('fields' in found) return entry(building, name, mark, () => toNode(where, found.fields))
      refuse('bad_input_schema', `input \`${name}\` is ${found.refused}: no plan can carry that`, found.fix)
      // It is declared all the same: to name it is no other mistake.
      return entry(building, name, mark, () =>
        map(building, mark, () => entry(building, 'type', mark, () => toNode(where, 'object'))),
      )
    }),
  )
}
