import { describe, expect, it } from 'vitest'
import { figureBounds, figureOf } from './checker/figures.ts'

const { delivery, listing, timeout } = figureBounds
const percent = (share: number) => Number((share * 100).toFixed(1))

/** Three attempts, each with one of 93 fates: D = 6, L = 2, τ = 2. What a schedule is: `checker/figures.ts`. */
describe('how many of 804,357 schedules double a run', () => {
  const safeTicks = delivery + listing - timeout
  it.each([
    ['sending again at once', { waitTicks: 0, looks: false }, 86.9],
    ['looking, and sending again at once', { waitTicks: 0, looks: true }, 56.4],
    ['looking one tick too early', { waitTicks: safeTicks - 1, looks: true }, 2.1],
  ])('%s', (_, variant, share) => {
    const figure = figureOf(variant)
    expect(figure.schedules).toBe(804_357)
    expect(percent(figure.share)).toBe(share)
  })

  it.each([
    ['D + L since the POST was sent', safeTicks],
    ['D + L since it had left at the latest, as we do', delivery + listing],
  ])('none, looking %s', (_, waitTicks) => {
    const figure = figureOf({ waitTicks, looks: true })
    expect(figure).toMatchObject({ schedules: 804_357, doubled: 0 })
    // But for those in which not one of three attempts arrived.
    expect(figure.once).toBe(804_357 - 9 ** 3)
  })
})
