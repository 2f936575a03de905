/** A fault that is put into the code on purpose, and the tests of which at least one has to notice it. */
export interface Mutant {
  name: string
  file: string
  /** Stands in the file exactly once. */
  text: string
  replacement: string
  tests: readonly string[]
}

const protocol = ['test/protocol']
const activities = ['test/activities/unfenced']

/** What the guarantees hang on, each broken once. */
export const mutants: readonly Mutant[] = [
  {
    name: 'the list shows nothing',
    file: 'src/activities/unfenced/list-runs.ts',
    text: 'items.map((run) => toSeenRun(run, jobId, config))',
    replacement: 'items.slice(items.length).map((run) => toSeenRun(run, jobId, config))',
    tests: activities,
  },
  {
    name: 'the list is not looked at',
    file: 'src/protocol/trigger.ts',
    text: 'if (ours.length > 0) return foundOurs(state, ours)',
    replacement: 'if (ours.length > 1_000) return foundOurs(state, ours)',
    tests: protocol,
  },
  {
    name: 'no wait before sending again',
    file: 'src/protocol/trigger.ts',
    text: 'return state.sentByMs + policy.deliveryMs + policy.listingMs',
    replacement: 'return state.sentByMs',
    tests: protocol,
  },
  {
    name: 'the wait forgets that lists are stale',
    file: 'src/protocol/trigger.ts',
    text: 'return state.sentByMs + policy.deliveryMs + policy.listingMs',
    replacement: 'return state.sentByMs + policy.deliveryMs',
    tests: ['test/protocol/checker.test.ts'],
  },
  {
    name: 'a lost worker counts as one that has sent',
    file: 'src/protocol/trigger.ts',
    text: 'sentByMs: event.atMs + policy.sendingMs',
    replacement: 'sentByMs: event.atMs',
    tests: protocol,
  },
  {
    name: 'a short list is believed',
    file: 'src/protocol/trigger.ts',
    text: "return mode === 'bounded' && isComplete && job.isOwn",
    replacement: "return mode === 'bounded' && job.isOwn",
    tests: ['test/protocol/checker.test.ts'],
  },
  {
    name: 'a second POST in strict mode',
    file: 'src/protocol/trigger.ts',
    text: "return mode === 'bounded' && isComplete && job.isOwn",
    replacement: 'return isComplete && job.isOwn',
    tests: ['test/protocol/checker.test.ts'],
  },
  {
    name: 'a refusal ends a trigger of which an earlier POST is unknown',
    file: 'src/protocol/trigger.ts',
    text: 'if (rest.unsettled > 0)',
    replacement: 'if (rest.unsettled > 1_000)',
    tests: protocol,
  },
  {
    name: 'the cancel counts as done once it is answered',
    file: 'src/protocol/cancel.ts',
    text: "phase: 'confirm', sends",
    replacement: "phase: 'over', sends",
    tests: protocol,
  },
  {
    name: 'the cancel is swallowed',
    file: 'src/activities/unfenced/send-cancel.ts',
    text: 'await api.cancelJobRun(jobRunId, { signal })',
    replacement: 'void jobRunId',
    tests: activities,
  },
  {
    name: 'a cancel looks for no run that it does not know',
    file: 'src/protocol/trigger.ts',
    text: 'return unsettled > 0\n',
    replacement: 'return unsettled > 1_000\n',
    tests: ['test/protocol/checker.test.ts'],
  },
  {
    name: 'a POST is sent again after a 500',
    file: 'src/activities/unfenced/post-job-run.ts',
    text: "if (error.kind === 'not_sent' || wasNotProcessed(error))",
    replacement: "if (error.kind === 'not_sent' || wasNotProcessed(error) || error.status === 500)",
    tests: activities,
  },
  {
    name: 'a POST leaves when its time is over',
    file: 'src/activities/unfenced/post-job-run.ts',
    text: 'if (isLate())',
    replacement: 'if (isLate() && !input)',
    tests: activities,
  },
  {
    name: 'the lease is not renewed',
    file: 'src/activities/unfenced/poll-job-run.ts',
    text: 'await deps.pollers.register(',
    replacement: 'if (Context.current().info.attempt === 1) await deps.pollers.register(',
    tests: activities,
  },
  {
    name: 'the cursor of the feed skips what is still open',
    file: 'src/activities/watch-feed.ts',
    text: 'cursor: open.values().next().value ?? cursor',
    replacement: 'cursor: open.size > 0 ? cursor : cursor',
    tests: ['test/activities/watch-feed.test.ts'],
  },
  {
    name: 'a 503 of /capabilities is taken for a foreign server',
    file: 'src/client/discover-capabilities.ts',
    text: "(kind === 'rejected' && status !== 401)",
    replacement: '(kind !== undefined && status !== 401)',
    tests: ['test/client/discover-capabilities.test.ts'],
  },
  {
    name: "strangers' runs are adopted",
    file: 'src/protocol/candidates.ts',
    text: "job.creator !== '' &&",
    replacement: "job.creator === 'nobody' &&",
    tests: ['test/protocol/candidates.test.ts'],
  },
  {
    name: 'on a shared job any run is ours',
    file: 'src/protocol/candidates.ts',
    text: 'job.isOwn || (job.isMarked && run.sameConfig === true)',
    replacement: 'job.isOwn || run.sameConfig === true',
    tests: ['test/protocol/checker.test.ts'],
  },
  {
    name: 'the latest run is adopted',
    file: 'src/protocol/candidates.ts',
    text: 'instant(a.createdAt) - instant(b.createdAt)',
    replacement: 'instant(b.createdAt) - instant(a.createdAt)',
    tests: protocol,
  },
  {
    name: 'a POST is sent although a cancel came with what it waited for',
    file: 'src/remote-run/unfenced/unfenced-run.ts',
    text: '// A cancel may come together with what the POST waited for.\n    if (',
    replacement: 'if (!state && ',
    tests: ['test/workflows/unfenced.test.ts'],
  },
  {
    name: 'steps that share a job take one another for themselves',
    file: 'src/pipeline/plan/unknown-trigger.ts',
    text: 'isContested ||= item.trigger !== undefined',
    replacement: 'isContested ||= item.trigger === null',
    tests: ['test/workflows/unfenced.test.ts'],
  },
  {
    name: 'a sweep forgets what a lost workflow task may have triggered',
    file: 'src/activities/sweep/closed-runs.ts',
    text: '? { ...rest, unbegun } : rest',
    replacement: '? { ...rest, unbegun: [] } : rest',
    tests: ['test/e2e/sweeper.test.ts'],
  },
  {
    name: 'a workflow task that was lost counts as done',
    file: 'src/executions/lost-tasks.ts',
    text: 'if (event.workflowTaskFailedEventAttributes) return true',
    replacement: 'if (event.workflowTaskFailedEventAttributes) return false',
    tests: ['test/executions/lost-tasks.test.ts'],
  },
  {
    name: 'another worker has other keys',
    file: 'src/activities/keys.ts',
    text: '    workflow.workflowId,',
    replacement: '    workflow.workflowId + process.pid,',
    tests: ['test/e2e/lost-tasks.test.ts'],
  },
]
