import { randomUUID } from 'node:crypto'
import { aborted } from '../../../src/base/abort.ts'
import { JobwrightError } from '../../../src/base/errors.ts'
import type { PipelineRunSummary, PipelineRunView } from '../../../src/contract/index.ts'
import type { PipelineRuns } from '../../../src/server/ports/index.ts'

/** Pipeline runs whose course a test decides: what HTTP makes of them is what it is about. */
export interface ScriptedRuns extends PipelineRuns {
  /** How many runs were really started. */
  started(): number
  /** Changes a run, and tells those who watch it. */
  change(id: string, how: (view: PipelineRunView) => PipelineRunView): void
  /** What a run was started with. */
  planOf(id: string): object | undefined
  /** How many watch just now. */
  watchers(): number
  /** From now on every call fails like this; undefined: no more. */
  fail(error: Error | undefined): void
}

interface Entry {
  view: PipelineRunView
  requestHash: string | undefined
  plan: object
}

export function scriptedRuns(): ScriptedRuns {
  const entries = new Map<string, Entry>()
  let changed = Promise.withResolvers<void>()
  let failure: Error | undefined
  let started = 0
  let watchers = 0
  const find = (workspace: string, id: string): Entry => {
    if (failure) throw failure
    const entry = entries.get(id)
    if (entry?.view.workspace === workspace) return entry
    const message = `no pipeline run ${id}`
    throw new JobwrightError({ code: 'unknown_pipeline_run', fault: 'usage', message })
  }
  const summaryOf = ({ view }: Entry): PipelineRunSummary => {
    const {
      seq: _,
      outputs: _outputs,
      warnings: _warnings,
      connection: _connection,
      steps: _steps,
      ...summary
    } = view
    return summary
  }
  const requireSame = (entry: Entry, requestHash: string) => {
    if (entry.requestHash !== requestHash)
      throw new JobwrightError({ code: 'run_id_reused', fault: 'refused', message: 'reused' })
    return summaryOf(entry)
  }
  return {
    started: () => started,
    watchers: () => watchers,
    planOf: (id) => entries.get(id)?.plan,
    fail(error) {
      failure = error
    },
    change(id, how) {
      const entry = entries.get(id)
      if (!entry) throw new Error(`no run ${id}`)
      entry.view = how(entry.view)
      changed.resolve()
      changed = Promise.withResolvers()
    },
    async start({ workspace, email }, { plan, version, key }) {
      if (failure) throw failure
      const id = key?.id ?? `run-${randomUUID()}`
      const present = entries.get(id)
      if (present && key) return { existed: true, run: requireSame(present, key.requestHash) }
      started += 1
      const view: PipelineRunView = {
        id,
        seq: 1,
        pipeline: String(plan['name']),
        ...(version === undefined ? {} : { pipeline_version: version }),
        workspace,
        owner: email,
        status: 'running',
        started_at: new Date().toISOString(),
        finished_at: null,
        outputs: {},
        warnings: [],
        connection: null,
        steps: [],
      }
      const entry = { view, requestHash: key?.requestHash, plan }
      entries.set(id, entry)
      return { existed: false, run: summaryOf(entry) }
    },
    async findByKey({ workspace }, { id, requestHash }) {
      if (failure) throw failure
      const entry = entries.get(id)
      return entry?.view.workspace === workspace ? requireSame(entry, requestHash) : undefined
    },
    summary: async ({ workspace }, id) => summaryOf(find(workspace, id)),
    show: async ({ workspace }, id) => find(workspace, id).view,
    async list({ workspace }, { limit }) {
      if (failure) throw failure
      const own = [...entries.values()].filter(({ view }) => view.workspace === workspace)
      return { runs: own.slice(0, limit).map(summaryOf), nextCursor: null }
    },
    async cancel({ workspace }, id) {
      const entry = find(workspace, id)
      entry.view = { ...entry.view, status: 'cancelling' }
    },
    async *watch({ workspace }, id, signal) {
      watchers += 1
      try {
        for (let last: PipelineRunView | undefined; !signal.aborted; ) {
          const next = changed.promise
          const { view } = find(workspace, id)
          if (view !== last) yield view
          last = view
          if (view.finished_at !== null) return
          if (entries.get(id)?.view === view) await Promise.race([next, aborted(signal)])
        }
      } finally {
        watchers -= 1
      }
    },
  }
}
