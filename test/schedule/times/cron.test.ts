import { describe, expect, test } from 'vitest'
import { JobwrightError } from '../../../src/base/errors.ts'
import { parseCron } from '../../../src/schedule/times/index.ts'

function problem(text: string): string {
  try {
    parseCron(text)
  } catch (error) {
    if (error instanceof JobwrightError && error.code === 'bad_cron') return `${error.message}; ${error.fix}`
    throw error
  }
  return 'none'
}

describe('a cron', () => {
  test('has lists, ranges, steps and names', () => {
    expect(parseCron('*/20 9-17/4,22 1,15 jan-MAR,12 MON-FRI')).toEqual({
      minutes: [0, 20, 40],
      hours: [9, 13, 17, 22],
      daysOfMonth: [1, 15],
      months: [1, 2, 3, 12],
      daysOfWeek: [1, 2, 3, 4, 5],
      restrictsBothDays: true,
    })
  })

  test.each([
    ['7', [0]],
    ['5-7', [0, 5, 6]],
    ['SAT-SUN', [0, 6]],
    ['*/2', [0, 2, 4, 6]],
    ['0-6', [0, 1, 2, 3, 4, 5, 6]],
  ])('knows Sunday as 0 and as 7: %s', (days, expected) => {
    expect(parseCron(`0 0 * * ${days}`).daysOfWeek).toEqual(expected)
  })

  test('tells where a crontab would take either day', () => {
    const both = (text: string) => parseCron(text).restrictsBothDays
    expect(both('0 9 1-7 * 1')).toBe(true)
    expect(both('0 9 * * 1')).toBe(false)
    // There, too, a field that begins with a star restricts nothing by itself.
    expect(both('0 9 */2 * 1')).toBe(false)
  })

  test('may come on 29 February alone', () => {
    expect(parseCron('0 0 29 2 *').daysOfMonth).toEqual([29])
  })
})

test.each([
  ['', 'five fields', 'it is empty'],
  ['30 2 * *', '`30 2 * *` has 4', 'such as `30 2 * * 1-5`'],
  ['0 30 2 * * *', 'has 6', 'leave the first field out, `30 2 * * *`'],
  ['0 30 2 * * * 2026', 'has 7', 'no seconds and no years'],
  ['@daily', 'shorthand', 'write `0 0 * * *`'],
  ['@every 5m', 'no cron', 'write `every: 5m`'],
  ['@dayly', 'shorthand', 'did you mean `@daily`?'],
  ['CRON_TZ=Europe/Berlin 0 2 * * *', 'names no zone', '`timezone: Europe/Berlin`'],
  ['0 0 L * *', '`L`', 'first day of the next month'],
  ['0 9 * * 1#2', '`1#2`', 'write `8-14` as day of month and `1` as day of week'],
  ['0 9 * * FRIL', '`FRIL`', '`22-28`'],
  ['0 9 15W * *', '`15W`', 'no "nearest weekday"'],
  ['0 9 ? * 1', '`?`', 'write `*`'],
  ['60 2 * * *', '60 is no minute', '0 to 59'],
  ['0 24 * * *', '24 is no hour', '0 to 23'],
  ['0 0 0 * *', '0 is no day of month', '1 to 31'],
  ['0 0 * 13 *', '13 is no month', '1 to 12'],
  ['0 0 * * 8', '8 is no day of week', '0 to 7'],
  ['0 0 * * MOM', '`MOM`', 'did you mean `MON`?'],
  ['0 0 * * Monday', '`Monday`', 'did you mean `MON`?'],
  ['0 22-2 * * *', 'ends before it begins', 'write `22-23,0-2`'],
  ['0/15 * * * *', 'a step needs a range', 'write `0-59/15`'],
  ['*/90 * * * *', 'wider than the field', 'write `every: 90m`'],
  ['*/0 * * * *', '`/0`', 'whole number from 1'],
  ['1,,2 * * * *', 'nothing stands where a minute', 'lists'],
  ['-5 * * * *', 'nothing stands where a minute', 'ranges'],
  ['0 0 30 2 *', 'never comes', 'name another day'],
  ['0 0 31 4,6,9,11 *', 'never comes', 'name another day'],
])('%j is refused with what to write', (text, found, fix) => {
  expect(problem(text)).toContain(found)
  expect(problem(text)).toContain(fix)
})
