import { expect, test } from 'vitest'
import { listQuery } from '../../src/pipelines/list.ts'

test('asks Temporal for what it is sure to read as it is meant', () => {
  expect(listQuery({})).toBe("WorkflowType = 'runPipeline'")
  expect(listQuery({ workspace: 'team a', owner: 'ada@example.com' })).toBe(
    "WorkflowType = 'runPipeline' AND JobwrightWorkspace = 'team a' AND JobwrightOwner = 'ada@example.com'",
  )
  expect(listQuery({ schedule: 'nightly', workspace: 'blue' })).toBe(
    "WorkflowType = 'runPipeline' AND JobwrightWorkspace = 'blue' AND JobwrightSchedule = 'nightly'",
  )
})

test.each(["o'brien", '"', '\\', '`', '\n', '\u0000', '\u0085'])(
  'leaves %j out of the query',
  (workspace) => {
    expect(listQuery({ workspace, owner: 'a@b' })).toBe(
      "WorkflowType = 'runPipeline' AND JobwrightOwner = 'a@b'",
    )
  },
)
