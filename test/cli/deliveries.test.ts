import { expect, test } from 'vitest'
import { showHandler } from '../../src/cli/commands/show.ts'
import { iso, runView, scriptedContext, stepView } from './helpers.ts'

test('show tells who was told of a run, who was not and why, and lets nothing of it move the cursor', async () => {
  const own = { event: 'failed' as const, at: iso(1), attempts: 1, error: null, delivered_at: null }
  const view = runView([stepView('s', { status: 'failed' })], {
    status: 'failed',
    deliveries: [
      { ...own, id: 'msg_1', receiver: 'https://hooks.test/a', state: 'delivered', delivered_at: iso(2) },
      {
        ...own,
        id: 'msg_2',
        receiver: 'function page',
        state: 'failed',
        error: 'it \u001b[2J failed',
        attempts: 3,
      },
      {
        ...own,
        id: 'msg_3',
        receiver: 'https://hooks.test/b',
        state: 'pending',
        error: 'the receiver answered 503',
        next_try_at: iso(9),
      },
    ],
  })
  const ctx = scriptedContext({ pipelines: { show: async () => view } })
  expect(await showHandler({ id: view.id }, ctx)).toBe(0)
  const [, text = ''] = ctx.stdout.text.split('notifications:\n')
  const lines = text.split('\n').slice(0, 3)
  expect(lines[0]).toMatch(/^ {2}failed {2}https:\/\/hooks\.test\/a {2}delivered {2}\S+ \S+ {2}1 attempt$/)
  expect(lines[1]).toMatch(/function page {2}failed .* 3 attempts {2}it \\u001b\[2J failed$/)
  expect(lines[2]).toMatch(/pending .* 1 attempt {2}the receiver answered 503 {2}next at \S+ \S+$/)
})
