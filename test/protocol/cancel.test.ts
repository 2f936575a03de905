import { expect, it } from 'vitest'
import {
  advanceCancel,
  beginCancel,
  type CancelEvent,
  type CancelState,
  nextCancelEffect,
} from '../../src/protocol/index.ts'

const answered = (atMs: number): CancelEvent => ({ kind: 'answered', atMs })
const active = (atMs: number): CancelEvent => ({ kind: 'still_active', atMs })
const told = (...events: CancelEvent[]): CancelState => events.reduce(advanceCancel, beginCancel())

it.each<[string, CancelState, object]>([
  ['first it is sent', told(), { kind: 'send' }],
  [
    'answered, whatever that says: its end is awaited',
    told(answered(0)),
    { kind: 'await_end', untilMs: 30_000 },
  ],
  [
    'still active before the time is up: awaited on',
    told(answered(0), active(29_999)),
    { kind: 'await_end' },
  ],
  ['still active after half a minute: sent again', told(answered(0), active(30_000)), { kind: 'send' }],
  [
    'and then with more patience',
    told(answered(0), active(30_000), answered(30_000)),
    { kind: 'await_end', untilMs: 90_000 },
  ],
  ['over: done', told(answered(0), { kind: 'ended' }), { kind: 'done' }],
  ['over before it was answered: done', told({ kind: 'ended' }), { kind: 'done' }],
  ['what is over stays over', told({ kind: 'ended' }, answered(0), active(99_999)), { kind: 'done' }],
])('%s', (_, state, effect) => {
  expect(nextCancelEffect(state)).toMatchObject(effect)
})
