import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import {
  compilePipeline,
  PipelineRunNotFoundError,
  type PipelineRunView,
  type PipelinesClient,
  resolveInputs,
} from 'jobwright'
import type { JobsClient } from 'jobwright/client'
import { exitCodeOfStatus, exitCodes } from '../../src/cli/exit-codes.ts'
import { findingLine } from '../../src/cli/output/findings.ts'
import { createProgress, type ProgressScreen } from '../../src/cli/progress/follow.ts'
import { documentMediaType } from '../../src/contract/index.ts'
import { issueTable, readOutputs, whatHappened, whatNext } from './results.ts'

/** How a program runs a pipeline: store documents, compile, start under an id of its own, watch, read the outputs. */

export const example = path.join('examples', 'pdu-review')
const pipelineFile = path.join(example, 'pipeline.yaml')
const documents = path.join(example, 'documents')
const collection = 'pdu'

/** Where the stack's own news go. While a run is drawn, its picture takes them: drawn over, they would be lost. */
export interface Voice {
  say(line: string): void
}

export interface ReviewOptions {
  api: JobsClient
  pipelines: PipelinesClient
  /** Where reports go, and where it is noted which run is under way. */
  dataDir: string
  screen: ProgressScreen
  voice: Voice
  keep: boolean
  signal: AbortSignal
}

/** Runs the example's pipeline, or goes on with the run that was cut off, and shows what came of it. The exit code. */
export async function review(options: ReviewOptions): Promise<number> {
  const { pipelines, dataDir, screen } = options
  const say = (text: string): void => void screen.stdout.write(`${text}\n`)
  // Noted before the run starts, until its result is shown.
  const note = path.join(dataDir, 'start-run')
  const noted = await readFile(note, 'utf8').catch(() => undefined)
  const earlier = noted !== undefined && (await isKnown(pipelines, noted)) ? noted : undefined
  const id = earlier ?? `pdu-review-${randomBytes(4).toString('hex')}`
  if (earlier === undefined) {
    say(`\nStored ${await storeDocuments(options.api)} documents of ${documents}`)
    await writeFile(note, id, { mode: 0o600 })
    if (!(await startRun(options, id))) return exitCodes.usage
    say(`Running ${pipelineFile} as ${id}\n`)
  } else say(`\nAn earlier run was cut off; going on with ${id}\n`)
  const view = await followRun(options, id)
  if (view === undefined) {
    say(`\nThe run ${id} is kept in ${shortPath(dataDir)}; \`npm start\` goes on with it.`)
    return exitCodes.interrupted
  }
  await showResult(view, options)
  await rm(note, { force: true })
  return exitCodeOfStatus(view.status) ?? exitCodes.failed
}

/** Storing the same document again changes nothing. */
async function storeDocuments(api: JobsClient): Promise<number> {
  const names = await readdir(documents)
  for (const name of names)
    await api.putDocument(collection, name, {
      content: await readFile(path.join(documents, name)),
      mediaType: documentMediaType(name) ?? 'text/plain',
    })
  return names.length
}

async function isKnown(pipelines: PipelinesClient, id: string): Promise<boolean> {
  try {
    await pipelines.show(id)
    return true
  } catch (error) {
    if (error instanceof PipelineRunNotFoundError) return false
    throw error
  }
}

/** False when something is wrong with the pipeline, which is told. However often an id is used, it starts one run. */
async function startRun({ api, pipelines, screen }: ReviewOptions, id: string): Promise<boolean> {
  const text = await readFile(pipelineFile, 'utf8')
  const { plan, findings } = compilePipeline(text, {
    file: pipelineFile,
    jobTypes: await api.listJobSchemas(),
  })
  const resolved = plan && resolveInputs(plan, { documents: collection })
  for (const finding of [...findings, ...(resolved?.findings ?? [])])
    screen.stderr.write(`${findingLine({ ...finding, file: pipelineFile })}\n`)
  if (findings.some(({ code }) => code === 'unknown_job_type'))
    screen.stderr.write(
      'The stack that runs here does not have the job types of the example.\n' +
        `  → stop it, or start it with JOBWRIGHT_CONFIG=${path.join(example, 'jobwright.config.ts')}\n`,
    )
  if (plan === undefined || resolved?.inputs === undefined) return false
  await pipelines.start(plan, resolved.inputs, { id })
  return true
}

/** The run's last view; undefined when the signal ends the wait. */
async function followRun(
  { pipelines, screen, voice, signal }: ReviewOptions,
  id: string,
): Promise<PipelineRunView | undefined> {
  const progress = createProgress(screen)
  const { say } = voice
  voice.say = progress.say
  try {
    for await (const view of pipelines.watch(id, { signal })) {
      progress.update(view)
      if (view.finished_at !== null) return view
    }
    return undefined
  } finally {
    voice.say = say
    progress.end()
  }
}

async function showResult(view: PipelineRunView, { dataDir, screen, keep }: ReviewOptions): Promise<void> {
  const outputs = readOutputs(view)
  const lines = view.warnings.map((warning) => `warning: ${warning}`)
  if (outputs === undefined) lines.push(`The run ended: ${view.status}.`)
  else {
    const report = path.join(dataDir, 'reports', `${view.id}.md`)
    await mkdir(path.dirname(report), { recursive: true, mode: 0o700 })
    await writeFile(report, outputs.report, { mode: 0o600 })
    lines.push(
      issueTable(outputs, screen.columns()),
      whatHappened(view, outputs),
      `Report  ${shortPath(report)}`,
    )
  }
  lines.push(`Data    ${shortPath(dataDir)} (database, Temporal, logs; delete it to start afresh)`)
  screen.stdout.write(`\n${lines.join('\n')}\n\n${whatNext(view.id, { keep })}\n`)
}

/** As a person in the repository would type it. */
export function shortPath(file: string): string {
  const relative = path.relative('.', file)
  return relative.startsWith('..') ? file : relative
}
