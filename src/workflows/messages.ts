import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { ParentStep, PipelineRemains } from '../activities/index.ts'
import type { Json } from '../base/json.ts'
import { queryNames, signalNames, updateNames } from '../contract/names.ts'
import type {
  JobRunRecord,
  PipelinePlan,
  PipelineRunState,
  PipelineRunView,
  SteerAnswer,
  SteerRequest,
} from '../pipeline/plan/index.ts'
import type { RemoteRunTiming } from '../remote-run/index.ts'
import type { ScheduledRun } from '../schedule/plan/index.ts'

/** The argument of `runPipeline`. Everything that decides anything is in it: no file, no environment. */
export interface RunPipelineInput {
  plan: PipelinePlan
  inputs: Record<string, Json>
  timing: PipelineTiming
  /** Whose pipeline run it is; its connection must act for the same one. Absent where the starter could not tell. */
  workspace?: string
  /** Of a nested one: the step that it is. */
  parent?: ParentStep
  /** The tick that it is of, its own or that of the run that it is a step of. */
  schedule?: ScheduledRun
  /** Of a nested one: keys of which the runs around it have places. */
  heldKeys?: string[]
  /** It is not to be started any more: all it does is to have its id. */
  isBarred?: true
  /** What whoever started it was told; the view says it as well. */
  warnings?: string[]
  /** Carried across continue-as-new; absent at the start. */
  state?: PipelineRunState
  /** What all but the state takes in Temporal, as the first execution saw it; absent at the start. */
  startedBytes?: number
}

/** How patient a pipeline run is. */
export interface PipelineTiming extends RemoteRunTiming {
  /** Goes on as a new workflow execution at this many events even if the server does not suggest it yet. */
  maxHistoryEvents?: number
  /** How long steps that run on a cancel, too, may take once nothing else is left; ten minutes where it is absent. */
  cleanupMs?: number
}

/** Rich progress; needs a worker to answer. */
export const progressQuery = defineQuery<PipelineRunView>(queryNames.progress)

/** What may still be active on a Jobs API: asked when the run was closed from outside, where no code of it runs any more. */
export const remainsQuery = defineQuery<PipelineRemains>(queryNames.remains)

/** A second cancel: what cleans up ends, too. Temporal tells a workflow of one cancel only. */
export const endCleanupSignal = defineSignal(signalNames.endCleanup)

/** Where a nested run stands, in its own words; `ending`: it is worth a look. */
export interface NestedRunNews {
  id: string
  atMs: number
  state: 'running' | 'held' | 'ending'
}

export const nestedRunSignal = defineSignal<[NestedRunNews]>(signalNames.nestedRun)

/** Job runs that have ended: any number, some perhaps twice. */
export const jobRunsEndedSignal = defineSignal<[JobRunRecord[]]>(signalNames.jobRunsEnded)

export const steerUpdate = defineUpdate<SteerAnswer, [SteerRequest]>(updateNames.steer)

/** What can be read of a run without a worker. */
export interface PipelineMemo {
  pipeline: string
  /** Of plan and inputs: what a start under a used id is compared with. */
  digest?: string
  /** Of the saved pipeline that it was started from. */
  version?: number
  /** Of whoever started the run, with the email below; absent when that was not known. */
  workspace?: string
  owner?: string
  status?: 'pending' | 'cancelling' | 'held'
  /** Of a nested one. */
  parent?: ParentStep
  /** Name of the schedule that started it, for which nominal time, and how that came. */
  schedule?: string
  scheduledForMs?: number
  tick?: ScheduledRun['kind']
  /** The id of the backfill that started it. */
  backfill?: string
  /** Of one that was not to be started: to everybody it does not exist. */
  isBarred?: true
  /** Of the run, where this execution of it is not the first. */
  startedAtMs?: number
}
