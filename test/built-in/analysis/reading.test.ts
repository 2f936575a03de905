import { describe, expect, test } from 'vitest'
import { rulesEngine } from '../../../src/built-in/analysis/index.ts'

const graphOf = (text: string, path = 'a.md') =>
  rulesEngine.readDocuments([{ path, text }], { system: 'Probe' })
const linksOf = async (text: string, path?: string) =>
  (await graphOf(text, path)).relationships.map(({ from, type, to }) => `${from} ${type} ${to}`)
const issuesOf = async (text: string, path = 'a.md') => {
  const documents = [{ path, text }]
  const graph = await rulesEngine.readDocuments(documents, { system: 'Probe' })
  return (await rulesEngine.findIssues(graph, documents, { system: 'Probe' })).map(({ title }) => title)
}

describe('Sentences', () => {
  test.each([
    ['The CAN bus connects the PDU to the OBC.', ['can-bus connects_to obc', 'can-bus connects_to pdu']],
    ['The pump P1 is powered by the rail R1.', ['r1 powers p1']],
    [
      'The Main board contains the Logger, the Clock and two fuses.',
      ['main-board contains clock', 'main-board contains logger'],
    ],
    ['The drive controller shall control the spindle motor.', ['drive-controller controls spindle-motor']],
    ['The Star tracker provides the signal ATT_QUAT via SpaceWire.', ['star-tracker provides att-quat']],
    ['It powers the Fan.', []],
    ['The Fan does not power the Lamp.', []],
    ['Never connect the Fan to the Lamp.', []],
    ['This document controls the release of drawings.', []],
  ])('%s', async (text, links) => {
    expect(await linksOf(text)).toEqual(links)
  })

  test('name the kind of what they connect', async () => {
    const { entities } = await graphOf(
      'The CAN bus connects the PDU to the OBC. The pump P1 is powered by the rail R1.',
    )
    expect(entities.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'INTERFACE can-bus',
      'COMPONENT obc',
      'COMPONENT p1',
      'COMPONENT pdu',
      'SUBSYSTEM probe',
      'RESOURCE r1',
    ])
  })
})

describe('Values contradict', () => {
  const rail = (first: string, second: string) =>
    `# Data\n\nThe Feed pump ${first}.\n\n## More\n\nThe Feed pump ${second}.\n\n| Component | Mass |\n|---|---|\n| Feed pump | 1 kg |\n`

  test.each([
    ['has a current of 500 mA', 'has a current of 0.6 A', 'Feed pump: contradicting current (500 mA, 0.6 A)'],
    [
      'has a supply voltage of 24 V ± 2 V',
      'has a supply voltage of 27 V',
      'Feed pump: contradicting supply voltage (24 V ± 2 V, 27 V)',
    ],
    [
      'has an input voltage of 18 V to 32 V',
      'has an input voltage of 20 V to 32 V',
      'Feed pump: contradicting input voltage (18 V to 32 V, 20 V to 32 V)',
    ],
    [
      'has a temperature of -20 °C to 50 °C',
      'shall have a temperature of -30 °C to 40 °C',
      'Feed pump: contradicting temperature (-20 °C to 50 °C, -30 °C to 40 °C)',
    ],
    [
      'has a flow of 10 l/min',
      'has a flow of 1200 l/h',
      'Feed pump: contradicting flow (10 l/min, 1200 l/h)',
    ],
  ])('%s / %s', async (first, second, title) => {
    expect(await issuesOf(rail(first, second))).toEqual([title])
  })

  test.each([
    ['has a current of 500 mA', 'has a current of 0.5 A'],
    ['has a current of 4.2 A', 'has a maximum current of 5 A'],
    ['has a temperature of -20 °C to 50 °C', 'shall have a temperature of -10 °C to 40 °C'],
    ['has a current of 4.2 A', 'draws 6 A during start-up'],
    ['has a supply voltage of 24 V ± 2 V', 'has a supply voltage of 25 V'],
    ['has a current of 2.4 A', 'has a current of 2.43 A'],
    ['has a current of 2 A', 'has a current of about 2.2 A'],
    ['has a current of 2 A', 'had a current of 3 A'],
    ['has an operating pressure of 9 bar', 'has a proof pressure of 24 bar'],
    ['draws 2 A at 24 V', 'draws 2 A at 28 V'],
  ])('not: %s / %s', async (first, second) => {
    expect(await issuesOf(rail(first, second))).toEqual([])
  })
})

describe('Limits', () => {
  const table = (fuse: string, loads: string) =>
    `| Rail | Fuse rating |\n|---|---|\n| R1 | ${fuse} |\n\n| Load | Powered by | Current | Power |\n|---|---|---|---|\n${loads}`

  test('hold for the sum of what is drawn, and for a single load', async () => {
    const loads = '| Fan | R1 | 2 A | 5 W |\n| Lamp | R1 | 1500 mA | 5 W |\n'
    expect(await issuesOf(table('3 A', loads))).toEqual(['R1: loads of 3.5 A exceed its limit of 3 A'])
    expect(await issuesOf(table('3.5 A', loads))).toEqual([])
    expect(
      await issuesOf(
        '| Device | Current (A) | Current limit (A) |\n|---|---|---|\n| Fan | 2.5 | 2 |\n| Lamp | 1 | 2 |\n',
      ),
    ).toEqual(['Fan: current of 2.5 A is above its limit of 2 A'])
  })

  test('are derated where the documents say so', async () => {
    const text = `${table('4 A', '| Fan | R1 | 2 A | 5 W |\n| Lamp | R1 | 1.5 A | 5 W |\n')}\nAll fuses are derated to 75 % of their rating.\n`
    expect(await issuesOf(text)).toEqual(['R1: loads of 3.5 A exceed its limit of 3 A (4 A derated to 75 %)'])
  })

  test('do not add up loads that two rails feed, nor currents across a converter', async () => {
    expect(
      await issuesOf(table('3 A', '| Fan | R1, R2 | 2 A | 5 W |\n| Lamp | R1 | 1.5 A | 5 W |\n')),
    ).toEqual([])
    const chain =
      '| Fan | 5 V rail | 4 A | 20 W |\n| Lamp | R1 | 1 A | 24 W |\n\nThe step-down converter U1 is powered by R1. U1 powers the 5 V rail.\n'
    expect(await issuesOf(table('3 A', chain))).toEqual([])
  })
})

describe('A thing in several rows', () => {
  test('is compared with nothing when nothing says how the rows differ', async () => {
    const table = '| Device | Slot | Current |\n|---|---|---|\n| Fan | a | 2 A |\n| Fan | b | 3 A |\n'
    const other = '\n| Device | Current |\n|---|---|\n| Fan | 2 A |\n| Lamp | 1 A |\n'
    expect(await issuesOf(table + other)).toEqual([])
  })
})

describe('Open items', () => {
  test('are found at their places, not in glossaries, histories or sentences about them', async () => {
    const text =
      '# A\n\nThe mass is TBD.\n\nNo TBDs remain. TBD: to be determined.\n\n## Revision history\n\nTBD removed.\n\n## B\n\nTODO: measure it. See TBD-7.\n\nTBD-7 again.\n'
    expect(await issuesOf(text)).toEqual([
      'TBD-7 again.',
      'TBD: The mass is TBD.',
      'TODO: measure it. See TBD-7.',
    ])
  })
})

describe('Requirements', () => {
  const shall = '- AB-1: The unit shall weigh at most 5 kg.\n- AB-2: The unit shall be green.\n'

  test('without any test report are one finding', async () => {
    expect(await issuesOf(shall)).toEqual(['None of 2 requirements has a test result'])
  })

  test('may be covered by a range, and a repeated test replaces the earlier one', async () => {
    const results = (rows: string) => `${shall}\n| Test | Requirement | Result |\n|---|---|---|\n${rows}`
    expect(await issuesOf(results('| T1 | AB-1 to AB-2 | Pass |\n'))).toEqual([])
    expect(await issuesOf(results('| T1 | AB-1, AB-2 | Fail |\n| T1 | AB-1, AB-2 | Pass |\n'))).toEqual([])
    expect(await issuesOf(results('| T1 | AB-1 | Pass |\n| T2 | AB-2 | Blocked |\n'))).toEqual([
      'AB-2 has no test result: T2 is "Blocked"',
    ])
  })
})

describe('Long lines', () => {
  const size = 200_000
  const units = [
    '1,',
    '(A',
    '| a ',
    '[a',
    '**',
    'TBD ',
    '<!--',
    'A-',
    'x and ',
    'is connected to ',
    '"',
    '\\',
    ' ',
    'REQ-1 to ',
    'The Pump powers the Fan, ',
    'Pump P1 draws 5 A. ',
  ]

  test.each(units)('of %j end', { timeout: 60_000 }, async (unit) => {
    for (const path of ['a.md', 'a.txt']) {
      const text = unit.repeat(size / unit.length)
      expect((await graphOf(text, path)).entities.length).toBeGreaterThan(0)
    }
    const cell = `name,supply\n${unit.replaceAll('"', '').repeat(size / unit.length)},x\n`
    expect((await graphOf(cell, 'a.csv')).entities.length).toBeGreaterThan(0)
  })
})
