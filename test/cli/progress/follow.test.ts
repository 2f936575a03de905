import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Pipelines } from '../../../src/cli/context.ts'
import { createProgress, follow } from '../../../src/cli/progress/follow.ts'
import type { PipelineStatus } from '../../../src/pipeline/plan/index.ts'
import { iso, playing, runView, scriptedContext, stepView } from '../helpers.ts'

const running = runView([stepView('graph', { generation: 1, status: 'running', started_at: iso(1) })])
const ended = (status: PipelineStatus) =>
  runView(
    [stepView('graph', { generation: 1, status: 'completed', started_at: iso(1), finished_at: iso(2.5) })],
    { status, finished_at: iso(3), outputs: { answer: 42 } },
  )

const pipelinesOf = (watch: Pick<Pipelines, 'watch'>) => watch as Pipelines
const withoutClock = (text: string) => text.replace(/^\d\d:\d\d:\d\d/gm, 'hh:mm:ss')

/** The lines that a terminal shows in the end: control sequences that erase lines and move up are carried out. */
function screenOf(text: string): string[] {
  const lines = ['']
  const sequences = /␛\[(\d*)([AKGJ])|␛\[[?\d;]*[a-zA-Z]|\n|[^␛\n]+/g
  let row = 0
  for (const [token, amount, letter] of text.replaceAll('\u001b', '␛').matchAll(sequences)) {
    if (token === '\n') row++
    else if (letter === 'A') row -= Number(amount || 1)
    else if (letter === 'K') lines[row] = ''
    else if (letter === 'J') lines.length = row
    else if (!token.startsWith('␛')) lines[row] = (lines[row] ?? '') + token
    lines[row] ??= ''
  }
  return lines
}

describe('following a run', () => {
  test.each([
    ['completed', 0],
    ['failed', 1],
    ['cancelled', 4],
  ] as const)('that ends %s exits with %i', async (status, code) => {
    const ctx = scriptedContext()
    const exit = await follow(pipelinesOf(playing(running, ended(status))), 'review-0a1b2c', ctx)
    expect(exit).toBe(code)
  })

  test('in a pipe prints a line per change and then the summary', async () => {
    const ctx = scriptedContext()
    await follow(pipelinesOf(playing(running, ended('completed'))), 'review-0a1b2c', ctx)
    expect(withoutClock(ctx.stdout.text)).toBe(
      [
        'hh:mm:ss step graph running',
        'hh:mm:ss step graph completed 1.5s',
        'review-0a1b2c completed in 3.0s (1 step: 1 completed)',
        'outputs:',
        '  answer: 42',
        '',
      ].join('\n'),
    )
    expect(ctx.stderr.text).toBe('')
  })

  test('for a machine leaves stdout to the run itself, and tells the progress on stderr', async () => {
    const ctx = scriptedContext({ output: 'json', columns: 80 })
    await follow(pipelinesOf(playing(running, ended('completed'))), 'review-0a1b2c', ctx)
    expect(JSON.parse(ctx.stdout.text)).toEqual(ended('completed'))
    expect(withoutClock(ctx.stderr.text)).toContain('hh:mm:ss step graph completed 1.5s')
  })

  test('on a terminal leaves other news above the block, which is drawn anew below', () => {
    const ctx = scriptedContext({ columns: 60 })
    const progress = createProgress(ctx)
    progress.update(running)
    progress.say('Worker ended; starting it again now')
    progress.update(ended('completed'))
    progress.end()
    expect(screenOf(ctx.stdout.text).slice(0, 3)).toEqual([
      'Worker ended; starting it again now',
      expect.stringContaining('review'),
      expect.stringContaining('✓ graph  completed'),
    ])
  })

  test('on a terminal draws a block over itself, and leaves the last one standing', async () => {
    const ctx = scriptedContext({ columns: 60 })
    await follow(pipelinesOf(playing(running, ended('completed'))), 'review-0a1b2c', ctx)
    const shown = stripVTControlCharacters(ctx.stdout.text)
    expect(shown).toContain('  ● graph  running     59.0s')
    expect(shown).toContain('  ✓ graph  completed    1.5s')
    expect(
      shown.endsWith('review-0a1b2c completed in 3.0s (1 step: 1 completed)\noutputs:\n  answer: 42\n'),
    ).toBe(true)
    // Drawn again, not written twice below each other.
    expect(ctx.stdout.text).toContain('\u001b[')
  })

  test('on a terminal that is too low for it, leaves the whole block behind all the same', async () => {
    const over = { generation: 1, status: 'failed' as const, error: { code: 'run_failed', message: 'why' } }
    const steps = Array.from({ length: 30 }, (_, index) => stepView(`step${index}`, over))
    const last = runView(steps, { status: 'failed', finished_at: iso(3) })
    const ctx = scriptedContext({ columns: 60, rows: 10 })
    await follow(pipelinesOf(playing(running, last)), 'review-0a1b2c', ctx)
    const shown = stripVTControlCharacters(ctx.stdout.text)
    for (const { step } of steps) expect(shown).toMatch(new RegExp(`✗ ${step} +failed`))
    expect(shown.match(/run_failed: why/g)?.length).toBeGreaterThanOrEqual(steps.length)
  })

  test('is let go by Ctrl-C: it says how to come back and exits 130', async () => {
    const interrupt = new AbortController()
    const ctx = scriptedContext({ signal: interrupt.signal })
    const watch: Pipelines['watch'] = async function* (_id, { signal } = {}) {
      yield running
      interrupt.abort()
      await new Promise((resolve) => {
        if (signal?.aborted) resolve(undefined)
        signal?.addEventListener('abort', resolve)
      })
    }
    expect(await follow(pipelinesOf({ watch }), 'my run', ctx)).toBe(130)
    expect(ctx.stderr.text).toBe(
      "Detached; the run goes on.\n  jobwright watch 'my run'\n  jobwright cancel 'my run'\n",
    )
  })

  test('tells a warning once, when it comes', async () => {
    const warned = { ...running, warnings: ['no worker answers\u001b[0m'] }
    const ctx = scriptedContext()
    await follow(pipelinesOf(playing(warned, { ...warned }, ended('completed'))), 'review-0a1b2c', ctx)
    expect(ctx.stdout.text.match(/warning: no worker answers\\u001b\[0m/g)).toHaveLength(1)
  })

  test('whose watching fails passes the error on, unless it was asked to let go', async () => {
    const broken: Pipelines['watch'] = async function* () {
      yield running
      throw new Error('gone')
    }
    await expect(follow(pipelinesOf({ watch: broken }), 'x', scriptedContext())).rejects.toThrow('gone')
  })

  test('that ends without an end says that it lost sight of the run', async () => {
    await expect(follow(pipelinesOf(playing(running)), 'x', scriptedContext())).rejects.toMatchObject({
      code: 'lost_sight',
      fault: 'unreachable',
    })
  })
})
