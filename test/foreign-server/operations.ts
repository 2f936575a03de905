import type { CancelPlan, Habits } from './habits.ts'
import { isVisible, type Page, prepared, throughAll, type View } from './habits.ts'
import { isActive, type State, statusAt, statusOf } from './state.ts'
import type { Config, Endpoint, Job, Reply, RequestLogEntry, Run } from './types.ts'

/** The eleven operations of the reference. */

export interface Request {
  nowMs: number
  id: string
  query: URLSearchParams
  body: unknown
}

export interface Done extends Reply {
  made?: RequestLogEntry['made']
}

export interface World {
  state: State
  habits: Habits
  jobTypes: readonly string[]
}

type Operation = (world: World, request: Request) => Done

export function refused(status: number, detail: string): Done {
  return { status, json: { detail } }
}

const isObject = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const operations: Record<Exclude<Endpoint, 'capabilities' | 'whoami' | 'unknown'>, Operation> = {
  list_schemas: ({ jobTypes }) => ({ status: 200, json: jobTypes.map(schemaOf) }),

  create_job: (world, { body, nowMs }) => {
    if (!isObject(body)) return refused(422, 'a JSON object is expected')
    const { job_type: jobType, config = {}, source_session_id, source_project_id } = body
    if (typeof jobType !== 'string' || !world.jobTypes.includes(jobType))
      return refused(422, `Unknown job type ${JSON.stringify(jobType)}`)
    if (!isObject(config)) return refused(422, 'config: an object is expected')
    if ('config' in body && config['job_type'] !== jobType)
      return refused(422, 'config.job_type must match job_type')
    const job = world.state.addJob(jobType, config, {
      sourceSessionId: typeof source_session_id === 'string' ? source_session_id : null,
      sourceProjectId: typeof source_project_id === 'string' ? source_project_id : null,
    })
    return { status: 200, json: look(world, nowMs)(job) }
  },

  list_jobs: (world, { query, nowMs }) => {
    const { habits, state } = world
    const atMs = throughAll(habits, 'listedAt', nowMs)
    const obeyed = throughAll(habits, 'filters', query)
    const filters = [
      within(obeyed, 'job_types', (job: Job) => job.jobType),
      within(obeyed, 'created_by_users', (job: Job) => job.createdBy),
      within(obeyed, 'source_session_ids', (job: Job) => job.sourceSessionId ?? ''),
      between(habits, obeyed),
      (job: Job) => job.createdAtMs <= atMs && !job.isDeleted,
    ]
    return listed(world, [...state.jobs.values()], filters, state.jobs.size, look(world, nowMs))
  },

  get_job: (world, { id, nowMs }) =>
    withJob(world, id, nowMs, (job) => ({ status: 200, json: look(world, nowMs)(job) })),

  latest_run: (world, { id, nowMs }) =>
    withJob(world, id, nowMs, (job) => {
      const run = world.state.runsByJob
        .get(job.uuid)
        ?.toSorted((a, b) => a.createdAtMs - b.createdAtMs)
        .at(-1)
      return run ? { status: 200, json: look(world, nowMs)(run) } : { status: 204 }
    }),

  update_job: (world, { id, body, nowMs }) =>
    withJob(world, id, nowMs, (job) => {
      if (!isObject(body) || !isObject(body['config'])) return refused(422, 'config: an object is expected')
      job.config = body['config']
      job.updatedAtMs = nowMs
      return { status: 200, json: look(world, nowMs)(job) }
    }),

  delete_job: (world, { id, nowMs }) =>
    withJob(world, id, nowMs, (job) => {
      job.isDeleted = true
      job.updatedAtMs = nowMs
      return { status: 200, json: { message: `Job ${job.uuid} soft deleted` } }
    }),

  create_run: (world, { body, nowMs }) => {
    if (!isObject(body)) return refused(422, 'a JSON object is expected')
    const { job_id: jobId, config = {} } = body
    if (typeof jobId !== 'string') return refused(422, 'job_id: text is expected')
    if (!isObject(config)) return refused(422, 'config: an object is expected')
    return withJob(world, jobId, nowMs, (job) => {
      if (job.isDeleted) return refused(404, 'Job not found')
      const run = world.state.addRun(job, config)
      const made = { job_run_id: run.uuid, job_id: job.uuid, config: run.config }
      return { status: 200, json: look(world, Date.now())(run), made }
    })
  },

  list_runs: (world, { query, nowMs }) => {
    const { habits, state } = world
    const atMs = throughAll(habits, 'listedAt', nowMs)
    const obeyed = throughAll(habits, 'filters', query)
    const filters = [
      within(obeyed, 'job_id', (run: Run) => run.job.uuid),
      within(obeyed, 'job_types', (run: Run) => run.job.jobType),
      within(obeyed, 'statuses', (run: Run) => statusAt(run, atMs) ?? ''),
      between(habits, obeyed),
      (run: Run) => statusAt(run, atMs) !== undefined,
    ]
    const runs = candidates(state, obeyed, atMs)
    return listed(world, runs, filters, state.runs.size, look(world, nowMs, atMs))
  },

  get_run: (world, { id, nowMs }) =>
    withRun(world, id, nowMs, (run) => ({ status: 200, json: look(world, nowMs)(run) })),

  cancel_run: (world, { id, nowMs }) =>
    withRun(world, id, nowMs, (run) => {
      run.cancels += 1
      const status = statusOf(run)
      const usual: CancelPlan = isActive(status)
        ? { effectAfterMs: 0, answer: { status: 200, json: cancelled(run.uuid) } }
        : { effectAfterMs: undefined, answer: refused(409, `Job run is already ${status}`) }
      const plan = throughAll(world.habits, 'cancel', usual, run, status)
      // An ended run stays as it ended, whatever is answered.
      if (plan.effectAfterMs === 0) world.state.end(run, 'cancelled')
      else if (plan.effectAfterMs !== undefined)
        world.state.later(plan.effectAfterMs, () => world.state.end(run, 'cancelled'))
      return plan.answer
    }),
}

function cancelled(uuid: string): object {
  return { message: `Job run ${uuid} cancelled`, cancelled_count: 1 }
}

function schemaOf(jobType: string): object {
  return {
    job_type: jobType,
    display_name: jobType.replaceAll('_', ' '),
    description: `Does ${jobType}.`,
    user_facing_description: `Does ${jobType}.`,
    json_schema: { type: 'object', properties: { job_type: { type: 'string' } }, required: ['job_type'] },
    creatable_on_ui: true,
    creatable_by_agent: true,
    visible_on_ui: true,
  }
}

function withJob({ state, habits }: World, id: string, nowMs: number, use: (job: Job) => Done): Done {
  const job = state.jobs.get(id)
  return job && isVisible(habits, job, nowMs) ? use(job) : refused(404, 'Job not found')
}

function withRun({ state, habits }: World, id: string, nowMs: number, use: (run: Run) => Done): Done {
  const run = state.runs.get(id)
  return run && isVisible(habits, run, nowMs) ? use(run) : refused(404, 'Job run not found')
}

/** How long a run that has ended stays among those that were active a moment ago. */
const recentMs = 60_000

/** As few runs as the filters allow: there may be many thousands. */
function candidates(state: State, query: URLSearchParams, atMs: number): readonly Run[] {
  const [jobId] = query.getAll('job_id')
  if (jobId !== undefined) return state.runsByJob.get(jobId) ?? []
  const statuses = query.getAll('statuses')
  const recentAtMs = Date.now() - recentMs
  if (statuses.length === 0 || atMs < recentAtMs || !statuses.every(isActive)) return [...state.runs.values()]
  state.tidy(recentAtMs)
  return [...state.recentlyActive]
}

function within<T>(query: URLSearchParams, name: string, of: (thing: T) => string): (thing: T) => boolean {
  const allowed = query.getAll(name)
  return allowed.length === 0 ? () => true : (thing) => allowed.includes(of(thing))
}

/** Compares with the timestamps as the server shows them. */
function between(habits: Habits, query: URLSearchParams): (thing: Job | Run) => boolean {
  const instant = (name: string) => {
    const text = query.get(name)
    if (text === null) return undefined
    return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`)
  }
  const after = instant('created_after')
  const before = instant('created_before')
  if (after === undefined && before === undefined) return () => true
  return ({ createdAtMs }) => {
    const shownMs = throughAll(habits, 'clock', createdAtMs)
    return (after === undefined || shownMs >= after) && (before === undefined || shownMs <= before)
  }
}

function listed<T extends Job | Run>(
  { habits }: World,
  all: readonly T[],
  filters: readonly ((thing: T) => boolean)[],
  total: number,
  show: (thing: T) => View,
): Done {
  const matching = all
    .filter((thing) => filters.every((passes) => passes(thing)))
    .toReversed()
    .toSorted((a, b) => b.createdAtMs - a.createdAtMs)
  const start: Page<T> = { items: matching, count: undefined, matching: matching.length, total }
  const { items, count } = throughAll(habits, 'list', start)
  return { status: 200, json: { items: items.map(show), count: count ?? items.length } }
}

/** What a job or run looks like from outside; `atMs` for a list of how things were then. */
function look({ habits }: World, nowMs: number, atMs = nowMs): (thing: Job | Run) => View {
  const view = prepared(habits, 'view')
  const clock = prepared(habits, 'clock')
  const timestamp = prepared(habits, 'timestamp')
  const shownStatus = prepared(habits, 'status')
  const time = (ms: number) => timestamp(`${new Date(clock(ms)).toISOString().slice(0, -1)}000`)
  return (thing) => {
    if (thing.kind === 'job') return view(jobView(thing, time), thing)
    const seen = thing.history.findLast((entry) => entry.atMs <= atMs) ?? thing.history[0]
    const status = shownStatus<string>(seen?.status ?? 'pending', thing, nowMs)
    return view(
      {
        uuid: thing.uuid,
        job_id: thing.job.uuid,
        job_name: thing.job.name,
        config: thing.config,
        status,
        created_by: thing.createdBy,
        created_at: time(thing.createdAtMs),
        updated_at: time(seen?.atMs ?? thing.createdAtMs),
        is_deleted: false,
        output_references: seen?.status === 'completed' ? thing.outputs : [],
      },
      thing,
    )
  }
}

function jobView(job: Job, time: (ms: number) => string): View {
  return {
    uuid: job.uuid,
    name: job.name,
    description: null,
    config: job.config,
    is_deleted: job.isDeleted,
    created_by: job.createdBy,
    created_at: time(job.createdAtMs),
    updated_at: job.updatedAtMs === undefined ? null : time(job.updatedAtMs),
    source_session_id: job.sourceSessionId,
    source_project_id: job.sourceProjectId,
  }
}
