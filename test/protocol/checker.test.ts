import { describe, expect, it } from 'vitest'
import { judgeRuns, type OwnJob } from '../../src/protocol/index.ts'
import { bounds, check, checkAll, policyOf, stranger, type Way } from './checker/check-all.ts'
import { leftBehind } from './checker/step.ts'
import { ours } from './checker/world.ts'

/** Every schedule within some bounds, judged by what truly is on the server; see `checker/`. */

const never = Number.POSITIVE_INFINITY
const anyCancel = ['at_once', 'later', 'ignored', 'completes_first'] as const

describe('bounded, while the bounds hold', () => {
  const honest = policyOf('bounded')
  const judge = ({ world, end }: Way) => {
    check(ours(world).length <= 1, 'a run was doubled')
    check(end.kind !== 'completed' || ours(world).length === 1, 'completed without a run of ours')
    for (const posts of end.absences)
      check(
        world.posts.slice(0, posts).every(({ commitTick }) => commitTick === never),
        'a run was taken for absent that is there, or to come',
      )
    check(end.reported.length === 0, 'a run was cancelled as one too many')
  }

  it('each step has one run, over three attempts', () => {
    const { schedules, ends } = checkAll(
      { policy: honest, maybe: ['look is lost'], strangers: [stranger('foreign', -1)] },
      judge,
    )
    console.log(schedules, ends)
  })

  it('also where requests are refused for a while, and lists are short', () => {
    const { schedules, ends } = checkAll(
      { policy: honest, mostPosts: 2, network: { mostNotSent: 1, shortLists: true }, maybe: ['look again'] },
      judge,
    )
    console.log(schedules, ends)
  })

  it('a cancel at any moment leaves nothing behind', () => {
    const { schedules, ends } = checkAll(
      { policy: honest, mostPosts: 2, maybe: ['cancel', 'look is lost'], cancels: anyCancel },
      (way) => {
        judge(way)
        if (way.end.kind === 'cancelled') check(leftBehind(way.world).length === 0, 'a run was left behind')
      },
    )
    console.log(schedules, ends)
  })
})
