import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Json } from '../../base/json.ts'
import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import type { AnyPipeline, Pipeline } from '../../pipeline/build/pipeline.ts'
import {
  type CompiledPipeline,
  type CompileOptions,
  compilePipeline,
  compilePipelineFile,
  PipelineFindingsError,
  type PipelinePlan,
  resolveInputs,
} from '../../pipeline/index.ts'
import { secretNames } from '../../pipeline/plan/index.ts'
import { allSteps } from './all-steps.ts'
import { createClock } from './clock.ts'
import { createEngine, type Engine, type SavedJob } from './engine.ts'
import { setupError } from './errors.ts'
import { createFaultPlan, type InMemoryFaults } from './faults.ts'
import type { InMemoryJobs } from './handlers.ts'
import { createJobRuns } from './job-runs.ts'
import { startNested } from './nested.ts'
import { pipelineFiles } from './pipeline-files.ts'
import { resultOf, type TestedRun } from './result.ts'
import { begin, cancelPipelineRun, close } from './steps.ts'
import type { HandlerCall, InMemoryLogLine } from './types.ts'
import { checkHandlers, createOffer, type KnownJobTypes } from './work.ts'

/** A pipeline's text, or where it is, beside a pipeline or plan in code. */
export type TestedPipeline = AnyPipeline | PipelinePlan | { yaml: string } | { file: string }

/** How a pipeline is run in memory. */
export interface TestPipelineOptions {
  /** What the pipeline is given; text stands for what it says, as with `jobwright run -i`. */
  inputs?: Readonly<Record<string, unknown>>
  /** What does the work of each job type. @default none */
  jobs?: InMemoryJobs
  /** What goes wrong, by `step`, `step[item]`, `step#generation` or `step[item]#generation`. @default nothing */
  faults?: InMemoryFaults
  /** Job types that the server would have: configs, and outputs of handlers, are checked as it checks them. @default none */
  jobTypes?: KnownJobTypes
  /** Values of secrets. @default of each a placeholder, `secret:NAME` */
  secrets?: Readonly<Record<string, string>>
  /** Jobs for steps with a `job_id`, by their id. @default none */
  savedJobs?: Readonly<Record<string, SavedJob>>
  /** What handlers may ask the Jobs API for beyond outputs, by the methods of `JobsClient`. @default nothing */
  api?: object
  /** What `pipeline.run_id` gives. @default 'test-run' */
  id?: string
  /** What `pipeline.started_at` gives. @default the first instant of 2026 */
  startedAt?: Date
  /** How long handlers may take in real time before that counts as a mistake, in milliseconds. @default 4000 */
  patienceMs?: number
}

/** Inputs of a pipeline in code: needed where one of them has no default. */
export type GivenInputs<Inputs> = Partial<Inputs> extends Inputs ? { inputs?: Inputs } : { inputs: Inputs }

const defaultStart = Date.UTC(2026, 0, 1)
/** Less than the usual time limit of a test, so that it says why. */
const defaultPatienceMs = 4_000

/**
 * Runs a pipeline in memory: with the engine's decisions, handlers that the test gives, and virtual time. There is no Temporal, no
 * server and no waiting. A pipeline run that fails is a result, not an error.
 * @throws JobwrightError for what is wrong with the pipeline (`invalid_pipeline`), its inputs (`invalid_inputs`) or the test
 *
 * @example
 * ```ts
 * import { fail, succeeds, testPipeline } from 'jobwright/testing'
 *
 * const run = await testPipeline({ file: 'night.yaml' }, {
 *   inputs: { units: ['pump', 'fan'] },
 *   jobs: { read_unit: ({ config }) => ({ text: `about ${String(config.unit)}` }), write_report: succeeds() },
 *   faults: { 'read[1]': fail('no such unit') },
 * })
 * console.log(run.status, run.step('read').items[1]?.error)
 * ```
 */
export function testPipeline(
  pipeline: PipelinePlan | { yaml: string } | { file: string },
  options?: TestPipelineOptions,
): Promise<TestedRun>
// The compiler explains what is wrong by the last of them.
export function testPipeline<Inputs, Outputs>(
  pipeline: Pipeline<Inputs, Outputs>,
  options: Omit<TestPipelineOptions, 'inputs'> & GivenInputs<NoInfer<Inputs>>,
): Promise<TestedRun<Outputs>>
export async function testPipeline(
  pipeline: TestedPipeline,
  options: TestPipelineOptions = {},
): Promise<TestedRun<unknown>> {
  const { jobs = {}, savedJobs = {}, faults = {}, id = 'test-run' } = options
  const offer = createOffer(jobs, options.jobTypes ?? [])
  const plan = await planOf(pipeline, offer.schemas)
  const inputs = inputsOf(plan, options.inputs ?? {})
  checkHandlers(plan, jobs, savedJobs)
  const faultPlan = createFaultPlan(plan, faults)
  const clock = createClock(
    options.startedAt?.getTime() ?? defaultStart,
    options.patienceMs ?? defaultPatienceMs,
  )
  const calls: HandlerCall[] = []
  const logs: InMemoryLogLine[] = []
  const placeholders = secretNames([...allSteps(plan).values()]).map((name) => [name, `secret:${name}`])
  const jobRuns = createJobRuns({
    clock,
    workOf: offer.workOf,
    refusalOf: offer.refusalOf,
    secrets: { ...Object.fromEntries(placeholders), ...options.secrets },
    api: options.api ?? {},
    onCall: (call) => void calls.push(call),
    onLog: (line) => void logs.push(line),
    onCancel: () => cancelPipelineRun(engine),
  })
  const engine: Engine = createEngine(plan, inputs, id, {
    ...{ clock, jobRuns, savedJobs, startNested, path: '' },
    faultOf: faultPlan.of,
  })
  begin(engine)
  await clock.run(() => engine.schedule.isFinished())
  if (!engine.schedule.isFinished()) throw neverEnds(engine)
  return resultOf(engine, close(engine), { calls, logs, unmetFaults: faultPlan.unmet() })
}

async function planOf(
  pipeline: TestedPipeline,
  jobTypes: readonly JobTypeSchemaEntry[],
): Promise<PipelinePlan> {
  if ('planVersion' in pipeline) return pipeline
  const known = jobTypes.length === 0 ? {} : { jobTypes, mayHaveOthers: true }
  const name = 'file' in pipeline ? pipeline.file : 'yaml' in pipeline ? 'pipeline.yaml' : pipeline.name
  const { plan, findings } = await compile(pipeline, known)
  if (plan) return plan
  throw new PipelineFindingsError('invalid_pipeline', name, findings)
}

async function compile(
  pipeline: Exclude<TestedPipeline, PipelinePlan>,
  known: CompileOptions,
): Promise<CompiledPipeline> {
  if ('compile' in pipeline) return pipeline.compile(known)
  if ('yaml' in pipeline) return compilePipeline(pipeline.yaml, { file: 'pipeline.yaml', ...known })
  const { file } = pipeline
  const text = await readFile(file, 'utf8')
  const absolute = path.resolve(file)
  const show = (each: string) => (each === absolute ? file : pipelineFiles.show(each))
  return compilePipelineFile({ text }, absolute, known, { ...pipelineFiles, show })
}

function inputsOf(plan: PipelinePlan, given: Readonly<Record<string, unknown>>): Record<string, Json> {
  const { inputs, findings } = resolveInputs(plan, given as Readonly<Record<string, Json>>)
  if (inputs) return inputs
  throw new PipelineFindingsError('invalid_inputs', plan.name, findings)
}

function neverEnds({ jobRuns }: Engine) {
  const names = jobRuns.open().map(({ request: { step, item, jobType } }) => {
    return `step ${item === null ? step : `${step}[${item}]`} (job type ${jobType})`
  })
  return setupError(
    'never_ends',
    `the pipeline run never ends: ${names.join(', ')} hangs, and has no timeout`,
    'give the step a `timeout`, or cancel the run: faults: { STEP: cancel() }',
  )
}
