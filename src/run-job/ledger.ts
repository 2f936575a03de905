import { upsertMemo, workflowInfo } from '@temporalio/workflow'
import { runJobNames } from '../contract/names.ts'
import {
  type ConnectionProfile,
  createItem,
  createPipelineRunState,
  type ItemState,
  isDone,
  openStatus,
  type PipelinePlan,
  type PipelineRunState,
  type PipelineRunView,
  type PlanStep,
  payloadBytes,
  shrinkView,
  viewPipelineRun,
} from '../pipeline/plan/index.ts'
import type { TriggerDecision } from '../remote-run/index.ts'
import { type Call, invalid } from './call.ts'

/** A call of `runJob` in this execution. */
export interface OwnRun {
  readonly call: Call
  readonly item: ItemState
  readonly line: PlanStep
  /** The how-manieth of its step, from 0. */
  readonly occurrence: number
}

/** All runs of this execution of a workflow, in the words of a pipeline run: steps are the names, items the calls. */
export interface Ledger {
  readonly plan: PipelinePlan
  readonly state: PipelineRunState
  readonly runs: OwnRun[]
  /** By connection. */
  readonly profiles: Map<string, ConnectionProfile>
  readonly questions: Map<string, Promise<ConnectionProfile | undefined>>
  /** Runs whose trigger is unknown; each waits to be told what a person decided. */
  readonly parked: Map<ItemState, (decision: TriggerDecision) => void>
}

const place = Symbol.for('jobwright.runJob')

/** The one of this execution, once it has run a job. */
export function ledgerNow(): Ledger | undefined {
  return (globalThis as { [place]?: Ledger })[place]
}

/**
 * The one of this execution. It is kept with the global object, which each workflow has its own of, also where modules are loaded once
 * for all.
 * @param begin told of it once
 */
export function ledgerOf(begin: (ledger: Ledger) => void): Ledger {
  const known = ledgerNow()
  if (known) return known
  const { workflowType, startTime } = workflowInfo()
  const plan: PipelinePlan = {
    planVersion: 1,
    name: workflowType,
    connection: '',
    inputs: [],
    steps: [],
    outputs: [],
  }
  const ledger: Ledger = {
    plan,
    state: createPipelineRunState(plan, startTime.getTime()),
    runs: [],
    profiles: new Map(),
    questions: new Map(),
    parked: new Map(),
  }
  Object.assign(globalThis, { [place]: ledger })
  begin(ledger)
  return ledger
}

/** Notes a call as a run of its own. @throws ApplicationFailure where its key is that of another one */
export function enter(ledger: Ledger, call: Call): OwnRun {
  const { plan, state, runs } = ledger
  const twin = call.key === undefined ? undefined : runs.find((run) => run.call.key === call.key)
  if (twin && !isDone(twin.item.status))
    throw invalid(
      `runJob ${call.step}: its key ${call.key} is that of step ${twin.call.step}, which is still at work`,
    )
  const item = createItem()
  const line = lineOf(call)
  const own = state.steps[call.step]
  const occurrence = own?.items?.length ?? 0
  if (own) own.items?.push(item)
  else {
    // A copy, as it may turn into one of items.
    plan.steps.push({ ...line })
    state.steps[call.step] = { status: 'running', error: null, items: [item] }
  }
  const step = plan.steps.find(({ id }) => id === call.step)
  // Of several calls each is one item.
  if (step && occurrence > 0) step.forEach ??= { kind: 'literal', value: [] }
  const run = { call, item, line, occurrence }
  runs.push(run)
  return run
}

function lineOf({ step, retry, timeoutMs }: Call): PlanStep {
  return {
    id: step,
    needs: [],
    target: { kind: 'job_type', jobType: '' },
    maxParallel: 1,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    retry,
    onFailure: 'continue',
    valueOutputs: [],
    usedOutputs: [],
    usesJobRun: false,
  }
}

/** As `jobwright show` has it. */
export function viewOf({ plan, state, profiles }: Ledger): PipelineRunView {
  const execution = { id: workflowInfo().workflowId, finishedAtMs: null, outputs: {} }
  const [only, ...others] = profiles
  const connection = only && others.length === 0 ? { name: only[0], mode: only[1].mode } : null
  return shrinkView({ ...viewPipelineRun(plan, state, execution), connection }, payloadBytes)
}

/** What lists show without asking: that it has job runs at all, and whether a person is waited for. */
export function note({ state }: Ledger): void {
  const status = openStatus(state) === 'held' ? { status: 'held' } : {}
  const shown = workflowInfo().memo?.[runJobNames.memo]
  if (JSON.stringify(shown) !== JSON.stringify(status)) upsertMemo({ [runJobNames.memo]: status })
}
