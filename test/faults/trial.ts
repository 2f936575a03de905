import { randomUUID } from 'node:crypto'
import { isTerminalStatus } from '../../src/contract/index.ts'
import type { PipelinePlan, PipelineRunView } from '../../src/pipeline/plan/index.ts'
import { PipelinesClient } from '../../src/pipelines/index.ts'
import type { HeldExchange } from '../../src/testing/index.ts'
import { runsIn } from '../../src/testing/seen.ts'
import { until } from '../helpers/until.ts'
import { type PipelineOptions, pipelineOf, type Shape } from './pipelines.ts'
import { type Mode, ownTaskQueue, type Victim, type World } from './worlds.ts'

/** What triggers and waits: a pipeline of ours, or a workflow of a user's whose steps are `runJob`. */
export type Driver = 'pipeline' | 'runJob'

/** A pipeline run that something happens to. */
export interface Trial {
  readonly name: string
  readonly seed: number
  readonly mode: Mode
  readonly shape: Shape
  readonly driver: Driver
  /** Of the pipeline run. */
  readonly id: string
  readonly plan: PipelinePlan
  readonly victim: Victim | 'script'
  /** Asked right before the kill: whether it hits work under way. */
  isUnderWay: () => Promise<boolean> | boolean
  /** Whether what happened to it is proven to have hit work under way. */
  isHit: boolean
  cancelledAtMs?: number
  view?: PipelineRunView
  /** Why it did not come to the point. */
  missed?: string
  violations: string[]
}

/** What is known of jobs and runs by what passed the proxy: whose they are. */
export class Ties {
  /** By job, and by run. */
  readonly labels = new Map<string, string>()
  readonly #runs = new Map<string, string>()

  constructor({ proxy }: World) {
    const follow = (operation: 'createJob' | 'createJobRun') => {
      const take = ({ body, answer }: HeldExchange) => {
        follow(operation)
        const made = parsed(answer?.body)
        const label = this.labelOf(body)
        if (typeof made?.['uuid'] !== 'string' || label === undefined) return
        this.labels.set(made['uuid'], label)
        if (operation !== 'createJobRun') return
        this.#runs.set(label, made['uuid'])
        // Of job and run in one call: a job of this content alone.
        if (parsed(body)?.['job']) this.labels.set(String(made['job_id']), label)
      }
      proxy.onPoint({ at: 'after_commit', operation }, take)
    }
    follow('createJob')
    follow('createJobRun')
  }

  /** Of a request for a job or a run. */
  labelOf(body: string): string | undefined {
    const given = parsed(body) ?? {}
    return labelIn(given) ?? this.labels.get(String(given['job_id']))
  }

  runOf(label: string): string | undefined {
    return this.#runs.get(label)
  }
}

/** Of a body of a job, of a run, or of both in one. */
export function labelIn(body: unknown): string | undefined {
  const { config, job } = (body ?? {}) as Record<
    'config' | 'job',
    { label?: unknown; config?: unknown } | null
  >
  const { label } = (job?.config ?? config ?? {}) as { label?: unknown }
  return typeof label === 'string' ? label : undefined
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Whether an answer tells that a run has ended. */
export function tellsEnd(answer: HeldExchange['answer'], jobRunId: string | undefined): boolean {
  return runsIn(parsed(answer?.body)).some(
    ({ uuid, status }) => uuid === jobRunId && isTerminalStatus(status),
  )
}

export interface TrialOptions extends Omit<PipelineOptions, 'connection' | 'sharedJobId'> {
  name: string
  seed: number
  mode: Mode
  shape: Shape
  /** @default 'pipeline' */
  driver?: Driver
  victim: Trial['victim']
}

/** Of a case, by what drives it. */
export function nameOf(name: string, driver: Driver): string {
  return driver === 'runJob' ? `${name}_runJob` : name
}

export function newTrial(
  world: World,
  { seed, mode, shape, victim, driver = 'pipeline', ...options }: TrialOptions,
): Trial {
  const name = nameOf(options.name, driver)
  const connection = world.connectionOf(mode)
  const plan = pipelineOf(shape, { ...options, connection, sharedJobId: world.sharedJobId })
  const id = `${mode}-${name}-${seed}-${randomUUID().slice(0, 8)}`
  const own = { name: `${mode}/${name}`, seed, mode, shape, driver, victim, id, plan }
  return { ...own, isUnderWay: () => false, isHit: false, violations: [] }
}

export async function startTrial(world: World, trial: Trial, waitLeaseMs?: number): Promise<void> {
  const { id, plan, driver } = trial
  const isOurs = driver === 'pipeline' && waitLeaseMs === undefined
  const pipelines = isOurs
    ? world.stack.pipelines
    : new PipelinesClient(world.stack.client, {
        ...(driver === 'runJob' ? { taskQueue: ownTaskQueue } : {}),
        timing: {
          ...(waitLeaseMs === undefined ? {} : { waitLeaseMs }),
          stepHeartbeatMs: 2_000,
          settleMs: 600,
        },
      })
  await pipelines.start(plan, {}, { id })
}

export interface PendingActivity {
  id: string
  attempt: number
}

export async function pendingOf(world: World, id: string): Promise<PendingActivity[]> {
  const { raw } = await world.stack.client.workflow.getHandle(id).describe()
  return (raw.pendingActivities ?? []).map(({ activityId, attempt }) => ({
    id: activityId ?? '',
    attempt: attempt ?? 0,
  }))
}

export function untilPending(
  world: World,
  { id }: Trial,
  which: (activity: PendingActivity) => boolean,
): Promise<PendingActivity> {
  return until(
    `an activity of ${id} is pending`,
    async () => (await pendingOf(world, id)).find(which),
    20_000,
  )
}

/** A line for each promise that was broken, and how to see it again. */
export function brokenOf(trials: readonly Trial[]): string[] {
  return trials.flatMap(({ name, seed, victim, shape, violations }) =>
    violations.map(
      (what) =>
        `${name} (${victim}, ${shape}): ${what}; again: npm run test:faults -- --seed ${seed} --case ${name}`,
    ),
  )
}

/** How many trials hit work under way: only these count. */
export function hitsOf(trials: readonly Trial[]): number {
  return trials.filter(({ isHit }) => isHit).length
}
