import { describe, expect, test } from 'vitest'
import { type Issue, rulesEngine } from '../../../src/built-in/analysis/index.ts'
import { documentsOf } from './sets.ts'

async function analyse(set: string) {
  const documents = documentsOf(set)
  const options = { system: set.replaceAll('-', ' ') }
  const graph = await rulesEngine.readDocuments(documents, options)
  return { graph, issues: await rulesEngine.findIssues(graph, documents, options) }
}

const summary = ({ priority, title, evidence }: Issue): string =>
  `${priority}: ${title} @ ${evidence.map(({ document, line }) => `${document}:${line}`).join(' ')}`

describe('The documents of a hydraulic unit (Markdown, CSV with semicolons and decimal commas)', () => {
  test('have these findings and no others', async () => {
    const { issues } = await analyse('hydraulic-unit')
    expect(issues.map(summary)).toEqual([
      'high: Feed pump: contradicting mass (6.2 kg, 6.9 kg) @ interface-control.md:27 mass-budget.csv:3',
      'high: J1 pin 3 is assigned twice (VALVE_CMD_B, CASE_GND) @ interface-control.md:40 interface-control.md:41',
      'high: Pump rail: loads of 20.5 A exceed its limit of 20 A @ interface-control.md:22 interface-control.md:9 interface-control.md:10',
      'high: T-01 of HAU-REQ-001: measured 8.4 s is outside the limit (at most 8 s) @ test-report.md:7 requirements.md:3',
      'high: T-02 of HAU-REQ-002 failed @ test-report.md:8 requirements.md:4',
      'medium: HAU-REQ-005 has no test evidence @ requirements.md:8',
      'medium: TBD: The relief valve opens at TBD bar. @ interface-control.md:32',
    ])
  })

  test('say in each finding what disagrees with what, with both values, and what to do', async () => {
    const { issues } = await analyse('hydraulic-unit')
    expect(issues[0]).toMatchObject({
      description:
        'The mass of Feed pump differs between its sources: interface-control.md:27 says 6.2 kg; mass-budget.csv:3 says 6.9 kg. Decide which value holds and correct the other.',
      tags: ['contradiction', 'mass'],
      rule: 'contradicting-values',
      evidence: [
        {
          line: 27,
          text: 'The Feed pump has a displacement pressure of 207 bar. The Feed pump has a mass of 6.2 kg.',
        },
        { line: 3, text: 'Feed pump;1;6,9' },
      ],
    })
    expect(issues[2]?.description).toContain('it feeds Feed pump 11.5 A, Standby pump 9 A: 20.5 A together')
    expect(issues[3]?.description).toContain('the result says "Pass" all the same')
    expect(issues[4]?.description).toContain('measured 21 min, allowed is at least 30 min')
  })

  test('become a graph of kinds, names, sources and directed relationships', async () => {
    const { graph } = await analyse('hydraulic-unit')
    const kinds = graph.entities.map(({ kind, id }) => `${kind} ${id}`)
    expect(kinds).toEqual([
      'COMPONENT accumulator',
      'COMPONENT bypass-valve',
      'SIGNAL case-gnd',
      'RESOURCE control-rail',
      'COMPONENT f1',
      'COMPONENT f2',
      'COMPONENT feed-pump',
      'SUBSYSTEM hydraulic-unit',
      'INTERFACE j1',
      'SIGNAL press-sense',
      'COMPONENT pressure-transducer',
      'RESOURCE pump-rail',
      'COMPONENT selector-valve',
      'COMPONENT standby-pump',
      'SIGNAL valve-cmd-a',
      'SIGNAL valve-cmd-b',
    ])
    expect(graph.entities.find(({ id }) => id === 'feed-pump')).toEqual({
      id: 'feed-pump',
      kind: 'COMPONENT',
      name: 'Feed pump',
      description: 'variable displacement',
      source: { document: 'interface-control.md', line: 9 },
    })
    expect(graph.relationships.map(({ from, type, to }) => `${from} ${type} ${to}`)).toEqual([
      'j1 carries case-gnd',
      'j1 carries press-sense',
      'j1 carries valve-cmd-a',
      'j1 carries valve-cmd-b',
      'control-rail powers bypass-valve',
      'control-rail powers pressure-transducer',
      'control-rail powers selector-valve',
      'feed-pump powers accumulator',
      'pump-rail powers feed-pump',
      'pump-rail powers standby-pump',
      'f1 protects pump-rail',
      'f2 protects control-rail',
    ])
  })
})

describe('The documents of a weather station (JSON, plain text)', () => {
  test('have these findings and no others', async () => {
    const { issues } = await analyse('weather-station')
    expect(issues.map(summary)).toEqual([
      'high: 5V rail: loads of 515 mA exceed its limit of 500 mA @ station.json:4 notes.txt:5 station.json:9 station.json:11',
      'high: LTE modem: contradicting rate (9.6 kbps, 115200 bps) @ link.md:5 notes.txt:11',
      'high: Rain gauge: contradicting current (25 mA, 15 mA) @ notes.txt:6 station.json:9',
      'medium: Barometer: nothing connects to it @ station.json:12',
      'medium: TBC: calibration: interval: TBC, owner: field team @ station.json:20',
      'low: TODO: The station logger controls the Rain gauge. TODO: describe the logger. @ notes.txt:12',
    ])
  })
})

describe('The documents of a satellite radio (headings as requirements, min/nominal/max tables, derating)', () => {
  test('have these findings and no others', async () => {
    const { issues } = await analyse('satellite-radio')
    expect(issues.map(summary)).toEqual([
      'high: S-band transceiver: contradicting power (31 W, 18 W) @ budget.json:2 icd.md:18',
      'high: S-band transceiver: power of 31 W is above its limit of 25 W @ budget.json:2 icd.md:18',
      'high: TM link: rate of 10 Mbit/s is below its required minimum of 12 Mbit/s @ icd.md:12 specification.md:12',
      'medium: DC/DC converter A: loads of 20.5 W exceed its limit of 20 W (25 W derated to 80 %) @ specification.md:5 icd.md:18 budget.json:3',
      'medium: RT-1 allows more than SR-010: at least 10 Mbit/s, required is at least 12 Mbit/s @ verification.md:5 specification.md:12',
      'medium: RT-3 refers to SR-099, which no document states @ verification.md:7',
      'medium: SR-020 has no test evidence @ specification.md:16',
      'medium: SR-030 has no test result: RT-2 is "Not run" @ specification.md:20 verification.md:6',
    ])
  })

  test('name connections by sentences, tables and headings', async () => {
    const { graph } = await analyse('satellite-radio')
    const said = graph.relationships.map(({ from, type, to }) => `${from} ${type} ${to}`)
    expect(said).toContain('s-band-transceiver connects_to on-board-computer')
    expect(said).toContain('rf-harness connects_to patch-antenna')
    expect(said).toContain('tm-link connects_to s-band-transceiver')
    expect(said).toContain('x2 carries tm-data-n')
    expect(said).toContain('dc-dc-converter-a powers s-band-transceiver')
  })
})

describe('The documents of a coffee roaster, which agree (other units, tolerances, a table of abbreviations)', () => {
  test('have no findings', async () => {
    const { graph, issues } = await analyse('coffee-roaster')
    expect(issues.map(summary)).toEqual([])
    expect(graph.entities.length).toBeGreaterThan(7)
  })

  test('have exactly the findings that a mistake brings', async () => {
    const documents = documentsOf('coffee-roaster').map(({ path, text }) => ({
      path,
      text:
        path === 'power.csv' ? text.replace('Total,740', 'Total,760').replace('fan,250', 'fan,270') : text,
    }))
    const options = { system: 'coffee roaster' }
    const graph = await rulesEngine.readDocuments(documents, options)
    const wrongSum = await rulesEngine.findIssues(graph, documents, options)
    expect(wrongSum.map(({ title }) => title)).toEqual(['Exhaust fan: contradicting power (0.25 kW, 270 W)'])
  })
})

describe('The documents of a flight controller (numbered plain text, headers with units)', () => {
  test('have these findings and no others', async () => {
    const { issues } = await analyse('flight-controller')
    expect(issues.map(summary)).toEqual([
      'high: 5V bus: loads of 3.85 A exceed its limit of 3 A @ spec.txt:5 datasheet.json:3 datasheet.json:4 datasheet.json:5',
      'high: T1 of UAV-R1 failed @ tests.csv:2 spec.txt:14',
      'medium: Buzzer: nothing connects to it @ datasheet.json:6',
      'medium: TBC: Antenna type is TBC. @ spec.txt:21',
      'medium: Total mass: mass (g) is given as 998 g, its rows add up to 968 g @ masses.csv:5',
      'medium: UAV-R2 has no test evidence @ spec.txt:15',
      'medium: UAV-R3 is stated twice with different texts @ spec.txt:16 spec.txt:17',
      'medium: to be defined: Connector of the buzzer: to be defined. @ spec.txt:22',
    ])
  })
})

describe('The documents of a pump skid, which agree though sizes differ by mode, time, rating and standby', () => {
  test('have no findings', async () => {
    const { graph, issues } = await analyse('pump-skid')
    expect(issues.map(summary)).toEqual([])
    const said = graph.relationships.map(({ from, type, to }) => `${from} ${type} ${to}`)
    expect(said).toContain('p-101 connects_to ft-1')
    expect(said).toContain('mcc-2 powers controller')
  })
})

describe('The same documents', () => {
  test('give the same graph and issues in any order', async () => {
    for (const set of ['hydraulic-unit', 'weather-station', 'satellite-radio']) {
      const options = { system: set }
      const [documents, turned] = [documentsOf(set), documentsOf(set).reverse()]
      const graph = await rulesEngine.readDocuments(documents, options)
      expect(await rulesEngine.readDocuments(turned, options)).toEqual(graph)
      expect(await rulesEngine.findIssues(graph, turned, options)).toEqual(
        await rulesEngine.findIssues(graph, documents, options),
      )
    }
  })
})
