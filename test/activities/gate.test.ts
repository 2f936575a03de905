import { expect, it } from 'vitest'
import { completionsPerTask, createGate } from '../../src/activities/gate.ts'
import { until } from '../helpers/until.ts'

it('lets through so many for a workflow while one of its tasks runs, and others meanwhile', async () => {
  let task: string | undefined = 'first'
  const looks: string[] = []
  const gate = createGate(async (id) => {
    looks.push(id)
    return id === 'busy' ? task : undefined
  })
  const through: string[] = []
  const pass = (id: string) =>
    gate.pass(id, async () => {
      through.push(id)
    })
  const all = Array.from({ length: 3 * completionsPerTask }, () => pass('busy'))
  await until('it is full, and looked for', () => looks.length > 1)
  expect(through).toHaveLength(completionsPerTask)
  await Promise.all(Array.from({ length: 2 * completionsPerTask }, () => pass('idle')))
  expect(through.filter((id) => id === 'busy')).toHaveLength(completionsPerTask)
  task = 'second'
  await until('the next ones passed', () => through.length >= 4 * completionsPerTask)
  task = undefined
  await Promise.all(all)
  expect(through).toHaveLength(5 * completionsPerTask)
})

it('gives back what the work gives, and goes on after one that failed', async () => {
  const gate = createGate(async () => undefined)
  await expect(gate.pass('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await gate.pass('a', async () => 1)).toBe(1)
})
