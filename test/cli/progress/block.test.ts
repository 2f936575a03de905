import { expect, test } from 'vitest'
import type { Paint } from '../../../src/cli/output/paint.ts'
import { formatClock } from '../../../src/cli/output/text.ts'
import { renderBlock } from '../../../src/cli/progress/block.ts'
import { at, iso, runView, stepView } from '../helpers.ts'

const plain: Paint = (_format, text) => text
const draw = (view: Parameters<typeof renderBlock>[0], columns = 100) =>
  `${renderBlock(view, at(5), columns, plain).join('\n')}\n`

test('every step has a line: its status, how long, which run, and what it waits for', () => {
  const view = runView([
    stepView('graph', {
      generation: 1,
      status: 'completed',
      job_run_id: '0197-aaaa',
      started_at: iso(0),
      finished_at: iso(1.2),
    }),
    stepView('issues', { generation: 2, status: 'running', job_run_id: '0197-bbbb', started_at: iso(1.5) }),
    stepView('sign_off', { waits_for: ['issues', 'tickets'] }),
    stepView('use', { waits_for: ['issues', 'tickets'], starts_with: 'any' }),
    stepView('cleanup', { status: 'skipped' }),
  ])
  expect(draw(view)).toBe(
    [
      'review  running  5.0s  review-0a1b2c',
      '  ✓ graph     completed    1.2s  run 0197-aaaa',
      '  ● issues    running      3.5s  generation 2  run 0197-bbbb',
      '  ○ sign_off  waiting            waits for issues, tickets',
      '  ○ use       waiting            waits for issues or tickets',
      '  – cleanup   skipped',
      '',
    ].join('\n'),
  )
})

test('a failed step says why, below its line', () => {
  const view = runView([
    stepView('graph', {
      generation: 1,
      status: 'failed',
      job_run_id: '0197-aaaa',
      started_at: iso(0),
      finished_at: iso(2),
      error: { code: 'run_failed', message: 'no such document: pdu/power.md' },
    }),
  ])
  expect(draw(view)).toBe(
    [
      'review  running  5.0s  review-0a1b2c',
      '  ✗ graph  failed       2.0s  run 0197-aaaa',
      '      run_failed: no such document: pdu/power.md',
      '',
    ].join('\n'),
  )
})

test('a for_each that a cancel cut short is cancelled, and says how many items never started', () => {
  const items = (['completed', 'completed', 'skipped'] as const).map((status, item) =>
    stepView('tickets', { item, status }),
  )
  expect(draw(runView(items))).toMatch(/tickets +cancelled +2\/3 items, 1 skipped/)
})

test('the items of a for_each are one line that counts them, and each failure below it', () => {
  const item = (index: number, status: 'waiting' | 'running' | 'completed' | 'failed') =>
    stepView('tickets', {
      item: index,
      generation: 1,
      status,
      started_at: status === 'waiting' ? null : iso(1),
      finished_at: status === 'completed' || status === 'failed' ? iso(2) : null,
      job_run_id: `run-${index}`,
      error: status === 'failed' ? { code: 'run_failed', message: `ticket ${index} was refused` } : null,
    })
  const view = runView([item(0, 'completed'), item(1, 'failed'), item(2, 'running'), item(3, 'waiting')])
  expect(draw(view)).toBe(
    [
      'review  running  5.0s  review-0a1b2c',
      '  ● tickets  running      4.0s  1/4 items, 1 failed',
      '      [1] run run-1 run_failed: ticket 1 was refused',
      '',
    ].join('\n'),
  )
})

test('a thousand failures do not fill the screen', () => {
  const items = Array.from({ length: 1000 }, (_, index) =>
    stepView('tickets', { item: index, status: 'failed', error: { code: 'run_failed', message: 'no' } }),
  )
  const lines = draw(runView(items)).split('\n')
  expect(lines).toHaveLength(9)
  expect(lines.at(-2)).toBe('      … and 995 more')
})

test('on 80 columns a long name gives way to the id of the run, which is of no use in part', () => {
  const run = '01a21db2-2df5-716b-90f7-7beb9c39a895'
  const view = runView([
    stepView('metagraph_update_of_the_whole', { generation: 1, status: 'running', job_run_id: run }),
  ])
  expect(draw(view, 80)).toContain(`metagraph_upda…  running            run ${run}\n`)
  expect(draw(view, 120)).toContain(`metagraph_update_of_the_whole  running            run ${run}\n`)
})

test('without a width nothing is cut', () => {
  const name = 'a_step_with_a_name_that_is_longer_than_any_terminal_is_wide'
  const message = 'why '.repeat(100)
  const view = runView([stepView(name, { status: 'failed', error: { code: 'run_failed', message } })])
  const lines = renderBlock(view, at(5), undefined, plain)
  expect(lines[1]).toContain(`${name}  failed`)
  expect(lines[2]).toContain(message)
})

test('on a low terminal what is under way or has failed is shown first, and the rest is counted', () => {
  const view = runView([
    ...['a', 'b', 'c'].map((name) => stepView(name, { generation: 1, status: 'completed' as const })),
    stepView('bad', {
      generation: 1,
      status: 'failed',
      error: { code: 'run_failed', message: 'no such file' },
    }),
    stepView('busy', { generation: 1, status: 'running' }),
    ...['x', 'y', 'z'].map((name) => stepView(name)),
  ])
  const lines = renderBlock(view, at(5), 100, plain, 6)
  expect(lines.map((line) => line.trim().split('  ')[0])).toEqual([
    'review',
    '✗ bad',
    'run_failed: no such file',
    '● busy',
    '○ x',
    '… and 5 more steps',
  ])
  expect(renderBlock(view, at(5), 100, plain, 10)).toEqual(renderBlock(view, at(5), 100, plain))
})

test('no line is wider than the terminal', () => {
  const view = runView([
    stepView('graph', {
      status: 'failed',
      job_run_id: '0197aaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      error: { code: 'run_failed', message: '電源'.repeat(100) },
    }),
  ])
  for (const width of [10, 20, 40])
    for (const line of renderBlock(view, at(5), width, plain))
      expect([...line].reduce((sum, c) => sum + (/[電源]/.test(c) ? 2 : 1), 0)).toBeLessThanOrEqual(width)
})

test('names and messages of others cannot steer the terminal', () => {
  const view = runView(
    [
      stepView('a\u001b[2J', {
        status: 'failed',
        error: { code: 'x\u009b', message: 'line\nfake \u001b]0;t\u0007' },
      }),
    ],
    { id: 'id\u001b[1m', pipeline: 'p\r' },
  )
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(draw(view).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  expect(draw(view)).toContain('line\\nfake')
})

test('colors surround whole words, so that cutting a line never cuts an escape sequence', () => {
  const marked: Paint = (_format, text) => `<${text}>`
  const view = runView([stepView('graph', { status: 'completed', started_at: iso(0), finished_at: iso(1) })])
  expect(renderBlock(view, at(5), 100, marked)[1]).toBe('<  ✓ >graph  <completed><    1.0s>')
})

test('items of a for_each are counted by how they ended', () => {
  const ends = { completed: 20, failed: 1, cancelled: 4, skipped: 6 } as const
  const items = (Object.keys(ends) as (keyof typeof ends)[])
    .flatMap((status) => Array.from({ length: ends[status] }, () => status))
    .map((status, item) => stepView('tickets', { item, status }))
  expect(draw(runView(items))).toContain('20/31 items, 1 failed, 4 cancelled, 6 skipped')
})

test('a step that waits for its next try says which one comes, and when', () => {
  const next = stepView('graph', { generation: 2, status: 'waiting', next_try_at: iso(60) })
  expect(draw(runView([next]))).toContain(`generation 2 starts at ${formatClock(at(60))}`)
  const items = [60, 30].map((seconds, item) =>
    stepView('tickets', { item, generation: 2, status: 'waiting', next_try_at: iso(seconds) }),
  )
  expect(draw(runView(items))).toContain(`0/2 items, 2 to be tried again, the next at ${formatClock(at(30))}`)
})

test('what waits for a place says under which key, who has it, and where in line it is', () => {
  const queue = { key: 'stock\u001b-north', limit: 1, priority: 3, since: iso(0) }
  const holders = [1, 2, 3, 4, 5].map((n) => ({
    pipeline_run_id: `run-${n}`,
    step: 'up',
    item: n,
    since: iso(0),
  }))
  const own = { ...queue, position: 3, holders: [{ pipeline_run_id: 'review-9', since: iso(0) }] }
  const step = stepView('upload', {
    status: 'pending',
    generation: 1,
    queue: { ...queue, limit: 5, position: 22, holders },
  })
  expect(draw({ ...runView([step]), status: 'pending', queue: own }, 200)).toBe(
    [
      'review  pending  5.0s  review-0a1b2c',
      '  waits for a place under the key stock\\u001b-north: run review-9 has it, 3rd in line',
      '  ◌ upload  pending',
      '      waits for a place under the key stock\\u001b-north (limit 5): run run-1 step up[1], run run-2 step up[2], run run-3 step up[3], 2 others have them, 22nd in line',
      '',
    ].join('\n'),
  )
})
