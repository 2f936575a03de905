/** Names that histories and other processes rely on: change none of them without a migration. */
export const workflowTypes = {
  runPipeline: 'runPipeline',
  watchChanges: 'watchChanges',
  sweepClosedRuns: 'sweepClosedRuns',
  keepSchedule: 'keepSchedule',
  scheduleTick: 'scheduleTick',
  runBackfill: 'runBackfill',
  keepLimit: 'keepLimit',
  deliverNotification: 'deliverNotification',
} as const
/** What pipelines and schedules are named. Ids are made of it with `/` and line ends between, which no name has. */
export const pipelineNamePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/
export const activityTypes = { executeJobRun: 'executeJobRun', holdPresence: 'holdPresence' } as const
export const queryNames = { progress: 'progress', remains: 'remains', limit: 'limit' } as const
export const updateNames = { steer: 'steer' } as const
/** What a backfill is asked. */
export const backfillNames = {
  view: 'backfill',
  pause: 'pauseBackfill',
  resume: 'resumeBackfill',
} as const
/** In workflows that users write themselves, and on their workers: beside names of theirs. */
export const runJobNames = {
  /** Before the names of activities. */
  activityPrefix: 'jobwright.',
  progress: 'jobwright.progress',
  steer: 'jobwright.steer',
  remains: 'jobwright.remains',
  /** The memo of such a workflow, from its first job run on. */
  memo: 'jobwright',
} as const
/** What the keeper of a schedule takes: src/workflows/schedule-messages.ts says with what. */
export const scheduleMessages = {
  apply: 'applySchedule',
  pause: 'pauseSchedule',
  resume: 'resumeSchedule',
  trigger: 'triggerSchedule',
  delete: 'deleteSchedule',
  refresh: 'refreshSchedule',
  wake: 'wake',
  backfilled: 'backfilled',
  view: 'schedule',
  definition: 'scheduleDefinition',
  state: 'scheduleState',
  ledger: 'ledger',
} as const
export const signalNames = {
  endCleanup: 'endCleanup',
  nestedRun: 'nestedRun',
  jobRunsEnded: 'jobRunsEnded',
  limitNews: 'limitNews',
  askPlace: 'askPlace',
  leavePlace: 'leavePlace',
} as const
/**
 * Of a pipeline run: the workspace and the email of whoever started it, and the schedule that it is of. Temporal finds runs by them; they
 * are Keywords.
 */
export const searchAttributes = {
  workspace: 'JobwrightWorkspace',
  owner: 'JobwrightOwner',
  schedule: 'JobwrightSchedule',
} as const

export const defaultInstallation = 'default'
/** Of the name of an installation. Without a dot, which keeps our names and those of users apart, and without what follows it in our own. */
export const installationPattern = /^(?!.*-(jobs|watcher)(-|$))[a-z0-9][a-z0-9-]{0,39}$/
/** Of the name of a worker. */
export const workerNamePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/
/** What begins like this belongs to us. */
export const reservedNames = /^jobwright(?![a-z0-9_])/i

/** What an installation calls its own in Temporal, where several may share a namespace. */
export interface InstallationNames {
  taskQueues: {
    pipelines: string
    jobRuns: string
    /** Of notifications on their way. */
    notifications: string
    /** Of a job type that names a task queue. */
    ofJobType(taskQueue: string): string
  }
  /** One watcher of the change feed per connection, for all who wait. */
  waitsWatcherId(connection: string): string
  /** Its predecessor, which only knows the waits that earlier versions began. */
  watcherWorkflowId(connection: string): string
  /**
   * A standalone activity for each worker process.
   * @param name what the worker is called, whichever process it is; undefined where nobody says
   */
  presenceActivityId(life: string, name?: string): string
  /** Looks after what closed pipeline runs left behind. */
  sweeperId: string
  /** Of the workflow that keeps a schedule, and of the schedule in Temporal that wakes it. */
  scheduleId(workspace: string | undefined, name: string): string
  /** Of the workflow that runs a backfill, whose own id has the schedule's name in it. */
  backfillId(workspace: string | undefined, id: string): string
  /** Of the workflow that keeps a limit across runs. */
  limitId(workspace: string | undefined, key: string): string
}

export function installationNames(installation = defaultInstallation): InstallationNames {
  const isDefault = installation === defaultInstallation
  const prefix = isDefault ? 'jobwright' : `jobwright.${installation}`
  return {
    taskQueues: {
      pipelines: prefix,
      jobRuns: `${prefix}-jobs`,
      notifications: notificationQueue(prefix),
      ofJobType: (taskQueue) => (isDefault ? taskQueue : `${prefix}.${taskQueue}`),
    },
    waitsWatcherId: (connection) => `${prefix}-watcher/${connection}`,
    watcherWorkflowId: (connection) => `${prefix}-watcher-${connection}`,
    sweeperId: `${prefix}-sweeper`,
    presenceActivityId: (life, name) => `${prefix}-presence-${name === undefined ? '' : `${name}/`}${life}`,
    scheduleId: (workspace, name) => `${prefix}-schedule-${workspace ?? ''}/${name}`,
    backfillId: (workspace, id) => `${prefix}-backfill-${workspace ?? ''}/${id}`,
    limitId: (workspace, key) => `${prefix}-limit-${workspace ?? ''}/${key}`,
  }
}

/** Beside the task queue of pipelines: a receiver that does not answer takes no place there. No installation's name has a slash. */
export function notificationQueue(pipelines: string): string {
  return `${pipelines}/notifications`
}

/**
 * Of the workflow that tells one receiver of one event: the same whoever starts it and how often, so that it is told once.
 * @param subject a pipeline run or a schedule, and the first execution of its workflow, as an id may be used again one day
 * @param occasion the event, with what tells it from others of its kind
 * @param receiver its index
 */
export function notificationId(
  subject: { id: string; firstExecutionRunId: string },
  occasion: string,
  receiver: number,
): string {
  return `jobwright-notification-${subject.id}/${subject.firstExecutionRunId}/${occasion}/${receiver}`
}

/**
 * How a worker calls itself in Temporal: `7@host/0f3c9a (http://127.0.0.1:8300)`, with the server whose job runs it takes.
 * @param life of this process alone: in a container every process has the same number, and often the same host
 */
export function workerIdentity(
  { pid, host, life }: { pid: number; host: string; life: string },
  server: string | undefined,
): string {
  const own = `${pid}@${host}/${life}`
  return server === undefined ? own : `${own} (${server})`
}

export function serverOfWorker(identity: string): string | undefined {
  return / \((\S+)\)$/.exec(identity)?.[1]
}
