import {
  type PipelineSummary,
  type PipelineVersion,
  pipelineNamePattern,
  type SavedPipeline,
} from '../../contract/index.ts'
import type { Caller, JobStore, ListPage, Page } from '../ports/index.ts'
import { parseEtags, preconditionFailed, quoted } from './etags.ts'
import type { PipelineCompiler } from './pipeline-compiler.ts'
import { invalid, unknown } from './problems.ts'

/** `If-Match` and `If-None-Match` as sent. */
interface Preconditions {
  ifMatch: string | undefined
  ifNoneMatch?: string | undefined
}

export interface SavedPipelineService {
  save(caller: Caller, name: string, yaml: string, sent: Preconditions): Promise<SavedPipeline>
  get(caller: Caller, name: string, version?: number): Promise<PipelineVersion>
  list(caller: Caller, page: Page): ListPage<PipelineSummary>
  delete(caller: Caller, name: string, sent: Preconditions): Promise<void>
}

/** As HTTP writes it. */
export function etagOfVersion({ version }: Pick<PipelineVersion, 'version'>): string {
  return quoted(String(version))
}

/** Pipelines that are kept by name, each different text as a version. Errors are ApiProblems. */
export function createSavedPipelineService(
  { pipelines }: Pick<JobStore, 'pipelines'>,
  compiler: PipelineCompiler,
): SavedPipelineService {
  const known = async (caller: Caller, name: string, version?: number) => {
    checkName(name)
    const found = await pipelines.get(caller, name, version)
    if (!found) throw unknown('pipeline', version === undefined ? name : `${name}, version ${version},`)
    return found
  }
  const expectedVersion = async (caller: Caller, name: string, { ifMatch, ifNoneMatch }: Preconditions) => {
    if (ifNoneMatch !== undefined) return requireStar(ifNoneMatch)
    if (ifMatch === undefined) return undefined
    const tags = parseEtags(ifMatch)
    const newest = await pipelines.get(caller, name)
    const isExpected = newest !== undefined && (tags === '*' || tags.includes(String(newest.version)))
    if (!isExpected) throw failed(name, newest?.version ?? null)
    return newest.version
  }
  return {
    async save(caller, name, yaml, sent) {
      checkName(name)
      const { plan, findings } = await compiler.compile(caller, { yaml }, name)
      if (plan.name !== name)
        throw invalid('validation_failed', [
          {
            pointer: '/yaml',
            detail: `the pipeline is named ${plan.name}; expected ${name}, as in the path`,
          },
        ])
      const expected = await expectedVersion(caller, name, sent)
      const pipeline = { name, description: plan.description ?? null, yaml }
      const saved = await pipelines.save(caller, pipeline, expected)
      if (saved.outcome === 'precondition_failed') throw failed(name, saved.version)
      return { ...saved.version, is_new: saved.outcome === 'saved', findings }
    },
    get: known,
    list: (caller, page) => pipelines.list(caller, page),
    async delete(caller, name, sent) {
      checkName(name)
      const expected = await expectedVersion(caller, name, sent)
      const deleted = await pipelines.delete(caller, name, expected ?? undefined)
      if (deleted.outcome === 'precondition_failed') throw failed(name, deleted.version)
      if (deleted.outcome === 'unknown') throw unknown('pipeline', name)
    },
  }
}

function requireStar(ifNoneMatch: string): null {
  if (ifNoneMatch.trim() === '*') return null
  throw invalid('validation_failed', [
    { pointer: 'If-None-Match', detail: 'expected *, which means: only when there is no such pipeline yet' },
  ])
}

function failed(name: string, version: number | null) {
  return preconditionFailed(`The pipeline ${name}`, version === null ? null : String(version))
}

function checkName(name: string): void {
  if (pipelineNamePattern.test(name)) return
  throw invalid('validation_failed', [
    {
      pointer: '{name}',
      detail: `${JSON.stringify(name.slice(0, 80))} cannot name a pipeline; expected letters, digits, -, _ and ., beginning with a letter or digit, at most 100`,
    },
  ])
}
