import { readdirSync, readFileSync } from 'node:fs'
import { Worker } from '@temporalio/worker'
import { beforeAll, describe, expect, it } from 'vitest'
import { workflowBundle } from '../helpers/workflow-bundle.ts'

/** Every history ever recorded must replay on today's workflow code: runs may be open when a new version comes. */

const folder = new URL('./histories/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

interface RecordedHistory {
  events: {
    eventType: string
    activityTaskScheduledEventAttributes?: { activityId: string }
    workflowExecutionStartedEventAttributes?: { workflowId?: string; input: { payloads: { data: string }[] } }
  }[]
}

function read(file: string): RecordedHistory {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as RecordedHistory
}

function recorded(file: string) {
  const history = read(file)
  // What nested runs say is told apart by their ids, which begin with it.
  const workflowId = history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? 'fake'
  return { history, workflowId }
}

describe('the workflow code of today', () => {
  let bundle: { codePath: string }
  /** What came of each: undefined where it replays. By one worker, as to start one costs more than to replay. */
  const replayed = new Map<string, Error | undefined>()
  beforeAll(async () => {
    bundle = { codePath: await workflowBundle() }
    const results = Worker.runReplayHistories({ workflowBundle: bundle }, files.map(recorded))
    let index = 0
    for await (const { error } of results) {
      replayed.set(files[index] ?? '', error)
      index += 1
    }
  })

  it('has a corpus to replay', () => {
    expect(files.length).toBeGreaterThanOrEqual(5)
  })

  it.each(files)('replays %s', (file) => {
    expect([...replayed.keys()]).toContain(file)
    const error = replayed.get(file)
    if (error) throw error
  })

  it('does not replay a history that it would not have made', async () => {
    const history = read(files[0]!)
    for (const event of history.events) {
      const scheduled = event.activityTaskScheduledEventAttributes
      if (scheduled) scheduled.activityId = `${scheduled.activityId}-other`
    }
    await expect(Worker.runReplayHistory({ workflowBundle: bundle }, history)).rejects.toThrow()
  })

  it('leaves a plan of a version that it does not know to a worker that does', async () => {
    const history = read(files.find((name) => name.endsWith('chain.json'))!)
    const input = history.events[0]?.workflowExecutionStartedEventAttributes?.input.payloads[0]
    const given = JSON.parse(Buffer.from(input!.data, 'base64').toString()) as {
      plan: { planVersion: number }
    }
    given.plan.planVersion = 2
    input!.data = Buffer.from(JSON.stringify(given)).toString('base64')
    // The task fails, and is tried again elsewhere; a workflow that failed would be a replay without an error.
    await expect(Worker.runReplayHistory({ workflowBundle: bundle }, history)).rejects.toThrow(
      'this worker runs plans of version 1, not of 2: start a newer worker',
    )
  })
})
