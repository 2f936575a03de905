import { readdirSync, readFileSync } from 'node:fs'
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { beforeAll, describe, expect, it } from 'vitest'
import { workflowSources } from '../../src/worker/workflow-sources.ts'

/** Every history ever recorded must replay on today's workflow code: runs may be open when a new version comes. */

const folder = new URL('./histories/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

interface RecordedHistory {
  events: { eventType: string; activityTaskScheduledEventAttributes?: { activityId: string } }[]
}

function read(file: string): RecordedHistory {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as RecordedHistory
}

describe('the workflow code of today', () => {
  let workflowBundle: WorkflowBundleWithSourceMap
  beforeAll(async () => {
    workflowBundle = await bundleWorkflowCode({
      ...workflowSources(),
    })
  })

  it('has a corpus to replay', () => {
    expect(files.length).toBeGreaterThanOrEqual(5)
  })

  it.each(files)('replays %s', async (file) => {
    await Worker.runReplayHistory({ workflowBundle }, read(file))
  })

  it('does not replay a history that it would not have made', async () => {
    const history = read(files[0]!)
    for (const event of history.events) {
      const scheduled = event.activityTaskScheduledEventAttributes
      if (scheduled) scheduled.activityId = `${scheduled.activityId}-other`
    }
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toThrow()
  })
})
