import { describe, expect, test } from 'vitest'
import { findMeasures, measureOfCell, parseNumber } from '../../../src/built-in/analysis/language/measures.ts'
import { idsIn, slugOf, splitName } from '../../../src/built-in/analysis/language/names.ts'
import { parameterKey, parameterOf } from '../../../src/built-in/analysis/language/parameters.ts'
import { formatIn, unitOf, unitOfSuffix } from '../../../src/built-in/analysis/language/units.ts'
import { readHeader } from '../../../src/built-in/analysis/reading/columns.ts'

const sizes = (text: string) =>
  findMeasures(text).map(({ lower, value, upper, unit }) =>
    [lower, value, upper].map((base) => (base === undefined ? '' : formatIn(base, unit))).join('|'),
  )

describe('Sizes in a text', () => {
  test.each([
    ['draws 500 mA', '|500 mA|'],
    ['24 V ± 2 V', '22 V|24 V|26 V'],
    ['28 V ±5 %', '26.6 V|28 V|29.4 V'],
    ['18–32 V', '18 V||32 V'],
    ['from -20 °C to 50 °C', '-20 °C||50 °C'],
    ['at most 5 A', '||5 A'],
    ['shall not exceed 1,200 W', '||1200 W'],
    ['no less than 2,5 kg', '2.5 kg||'],
    ['> 10 MΩ', '10 MΩ||'],
    ['5 A max', '||5 A'],
    ['max. 5 A', '||5 A'],
    ['10 Hz or more', '10 Hz||'],
  ])('%s', (text, expected) => {
    expect(sizes(text)).toEqual([expected])
  })

  test.each(['version 1.2.3', 'MAIN_24V', 'REQ-004', 'RS-422', '5 Apples', '1,2,3'])('none in %s', (text) => {
    expect(sizes(text)).toEqual([])
  })

  test('of the same amount are equal in any unit', () => {
    const [one, other] = findMeasures('500 mA, 0.5 A')
    expect(one?.value).toBeCloseTo(other?.value ?? 0, 12)
    expect(findMeasures('212 °F')[0]?.value).toBeCloseTo(100, 9)
    expect(findMeasures('1 bar')[0]?.value).toBeCloseTo(findMeasures('0.1 MPa')[0]?.value ?? 0, 6)
  })

  test('written as approximate say so', () => {
    expect(findMeasures('about 5 A')[0]).toMatchObject({ approximate: true })
  })

  test('fill a cell, or the cell is none', () => {
    const unit = unitOf('A')
    expect(measureOfCell('2.5 (max)', unit)).toMatchObject({ upper: 2.5 })
    expect(measureOfCell('2.5 A at 24 V')).toBeUndefined()
    expect(measureOfCell('see note 3', unit)).toBeUndefined()
  })

  test('have numbers with thousands or a decimal comma', () => {
    expect(parseNumber('1,200.50')).toMatchObject({ value: 1200.5 })
    expect(parseNumber('0,75')).toMatchObject({ value: 0.75, step: 0.005 })
    expect(parseNumber('1,2,3')).toBeUndefined()
  })
})

describe('Headers and parameters', () => {
  test.each([
    ['Nominal current (A)', 'current', 'A'],
    ['inrush_current_ma', 'current|inrush', 'mA'],
    ['Mass, kg', 'mass', 'kg'],
    ['Max. power [kW]', 'power|max', 'kW'],
    ['supplyVoltage_v', 'voltage|supply', 'V'],
  ])('%s', (header, key, symbol) => {
    const { words, unit } = readHeader(header)
    expect(unit?.symbol).toBe(symbol)
    const parameter = unit && parameterOf(words, unit, { needsNoun: false })
    expect(parameter && parameterKey(parameter)).toBe(key)
  })

  test('a suffix means a unit in lower case', () => {
    expect(['ma', 'mhz', 'mpa', 'pct', 'xyz'].map((word) => unitOfSuffix(word)?.symbol)).toEqual([
      'mA',
      'MHz',
      'MPa',
      '%',
      undefined,
    ])
  })
})

describe('Names', () => {
  test('have stable slugs', () => {
    expect(slugOf('Power Distribution Unit')).toBe('power-distribution-unit')
    expect(slugOf('24V_A')).toBe('24v-a')
    expect(slugOf('-12 V')).toBe('minus-12-v')
    expect(slugOf('Übertrager')).toBe('ubertrager')
  })

  test('may come with an id', () => {
    expect(splitName('Feed pump (P1)')).toEqual({ name: 'Feed pump', alias: 'P1' })
    expect(splitName('P1 – Feed pump')).toEqual({ name: 'Feed pump', alias: 'P1' })
    expect(splitName('Pump (spare part)')).toEqual({ name: 'Pump (spare part)' })
  })

  test('ids come with their ranges', () => {
    expect(idsIn('REQ-001 to REQ-003, and PS-7')).toEqual(['REQ-001', 'REQ-002', 'REQ-003', 'PS-7'])
    expect(idsIn('T1…T3')).toEqual(['T1', 'T2', 'T3'])
  })
})
