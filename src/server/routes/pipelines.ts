import { present } from '../../base/present.ts'
import { basePath } from '../../contract/index.ts'
import type { PipelineRuns } from '../ports/index.ts'
import type { PipelineCompiler } from '../services/pipeline-compiler.ts'
import type { PipelineRunService } from '../services/pipeline-runs.ts'
import { openRunEvents } from '../services/run-events.ts'
import { etagOfVersion, type SavedPipelineService } from '../services/saved-pipelines.ts'
import { type Handlers, json, list } from './handler.ts'
import { replayHeader } from './jobs.ts'

type RunOperations =
  | 'startPipelineRun'
  | 'listPipelineRuns'
  | 'getPipelineRun'
  | 'cancelPipelineRun'
  | 'streamPipelineRun'

export function pipelineRunHandlers(
  service: PipelineRunService,
  runs: PipelineRuns,
): Handlers<RunOperations> {
  return {
    async startPipelineRun({ caller, body, header }) {
      const { run, replayed } = await service.start(caller, body, header('Idempotency-Key'))
      const Location = `${basePath}/pipeline-runs/${encodeURIComponent(run.id)}`
      return json(run, { Location, ...replayHeader(replayed) })
    },
    async listPipelineRuns({ caller, query }) {
      const { runs: items, nextCursor } = await service.list(caller, query)
      return list({ items: eachOf(items), nextCursor: () => nextCursor })
    },
    getPipelineRun: async ({ caller, params }) => json(await service.show(caller, params.pipeline_run_id)),
    async cancelPipelineRun({ caller, params }) {
      await service.cancel(caller, params.pipeline_run_id)
      return json({ message: `Pipeline run ${params.pipeline_run_id} is told to stop` })
    },
    async streamPipelineRun({ caller, params, query, header, waitEnds }) {
      const lastEventId = header('Last-Event-ID') ?? query.last_event_id
      const open = async (signal: AbortSignal) =>
        openRunEvents(runs, caller, params.pipeline_run_id, { lastEventId, signal })
      return { kind: 'events', open, ends: waitEnds }
    },
  }
}

/** Items that are at hand, as a list has them. */
export async function* eachOf<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items
}

type PipelineOperations =
  | 'validatePipeline'
  | 'savePipeline'
  | 'listPipelines'
  | 'getPipeline'
  | 'getPipelineVersion'
  | 'deletePipeline'

export function pipelineHandlers(
  saved: SavedPipelineService,
  compiler: PipelineCompiler,
): Handlers<PipelineOperations> {
  return {
    validatePipeline: async ({ caller, body }) => json(await compiler.validate(caller, body)),
    async savePipeline({ caller, params, body, header }) {
      const sent = { ifMatch: header('If-Match'), ifNoneMatch: header('If-None-Match') }
      const pipeline = await saved.save(caller, params.name, body.yaml, sent)
      return json(pipeline, { ETag: etagOfVersion(pipeline) })
    },
    listPipelines: ({ caller, query }) => list(saved.list(caller, present(query))),
    async getPipeline({ caller, params }) {
      const pipeline = await saved.get(caller, params.name)
      return json(pipeline, { ETag: etagOfVersion(pipeline) })
    },
    async getPipelineVersion({ caller, params }) {
      return json(await saved.get(caller, params.name, Number(params.version)))
    },
    async deletePipeline({ caller, params, header }) {
      await saved.delete(caller, params.name, { ifMatch: header('If-Match') })
      return json({ message: `Pipeline ${params.name} deleted` })
    },
  }
}
