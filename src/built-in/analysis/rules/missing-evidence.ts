import { findMeasures, type Measure } from '../language/measures.ts'
import { formatIn } from '../language/units.ts'
import type { Bounds, Model, Requirement, TestResult } from '../reading/model.ts'
import { distinctPlaces, type Finding, isAbove, placeText, type Rule, sizeText } from './rule.ts'

/** Requirements that are shown otherwise than by test need no test. */
function needsTest({ method = '' }: Requirement): boolean {
  return method.trim() === '' || /\b(?:test|tests|testing|T|demonstration|measurement|D)\b/i.test(method)
}

const nameOf = ({ id, title }: TestResult): string => id ?? (title === '' ? 'a test' : title)

function boundsText({ lower, upper }: Bounds, { unit }: Measure): string {
  const parts = [lower === undefined ? [] : `at least ${formatIn(lower, unit)}`]
  return [...parts, upper === undefined ? [] : `at most ${formatIn(upper, unit)}`].flat().join(' and ')
}

/** The one bound that a requirement's text has in a dimension. */
function requiredBounds(requirement: Requirement | undefined, dimension: string): Measure | undefined {
  const bounds = findMeasures(requirement?.text ?? '').filter(
    ({ unit, lower, upper }) => unit.dimension === dimension && (lower ?? upper) !== undefined,
  )
  return bounds.length === 1 ? bounds[0] : undefined
}

/** Whether something reaches beyond bounds. */
function exceeds({ lower, upper }: Bounds, bounds: Bounds): boolean {
  return (
    (bounds.upper !== undefined && upper !== undefined && isAbove(upper, bounds.upper)) ||
    (bounds.lower !== undefined && lower !== undefined && isAbove(bounds.lower, lower))
  )
}

/** A failed test, a measured value beyond the limits, or a limit that is wider than what is required. */
function resultFinding(test: TestResult, known: ReadonlyMap<string, Requirement>): Finding[] {
  const { measured, criterion, verdict, verdictText } = test
  const about = test.requirements.flatMap((id) => known.get(id) ?? [])
  const dimension = measured?.unit.dimension ?? criterion?.dimension ?? ''
  const required = about.length === 1 ? requiredBounds(about[0], dimension) : undefined
  const own = criterion?.dimension === dimension ? criterion : undefined
  const reached = measured && {
    lower: measured.lower ?? measured.value,
    upper: measured.upper ?? measured.value,
  }
  // A test over a wider span than what is required shows more, not less.
  const isSpan = reached?.lower !== reached?.upper
  const broken =
    reached === undefined || isSpan
      ? undefined
      : [own, required].find((bounds) => bounds !== undefined && exceeds(reached, bounds))
  const name = `${nameOf(test)}${test.requirements.length === 0 ? '' : ` of ${test.requirements.join(', ')}`}`
  const value = measured === undefined ? '' : `measured ${sizeText(measured)}`
  const limit = broken && measured ? boundsText(broken, measured) : ''
  const [at, places] = [
    placeText(test.place),
    distinctPlaces([test.place, ...about.map(({ place }) => place)]),
  ]
  if (verdict === 'fail') {
    const seen = value === '' ? '' : ` (${value}${limit === '' ? '' : `, allowed is ${limit}`})`
    return [
      {
        title: `${name} failed`,
        description: `${at} reports ${name} as "${verdictText}"${seen}. Find the cause, correct it and repeat the test.`,
        priority: 'high',
        tags: ['test', 'failed'],
        places,
      },
    ]
  }
  if (broken !== undefined)
    return [
      {
        title: `${name}: ${value} is outside the limit (${limit})`,
        description: `${at} reports ${value}, but the limit is ${limit}${verdict === 'pass' ? `; the result says "${verdictText}" all the same` : ''}. Correct the verdict, or the value, and repeat the test.`,
        priority: 'high',
        tags: ['test', 'out-of-limit'],
        places,
      },
    ]
  const [requirement] = about
  if (own === undefined || required === undefined || requirement === undefined || !exceeds(own, required))
    return []
  const [tested, asked] = [boundsText(own, required), boundsText(required, required)]
  return [
    {
      title: `${nameOf(test)} allows more than ${requirement.id}: ${tested}, required is ${asked}`,
      description: `${at} tests against ${tested}, but ${requirement.id} (${placeText(requirement.place)}) requires ${asked}. Test against the requirement.`,
      priority: 'medium',
      tags: ['test', 'criterion'],
      places,
    },
  ]
}

/** A requirement that no finished test is about. */
function coverageFinding(requirement: Requirement, tests: readonly TestResult[]): Finding[] {
  const finished = ({ verdict, measured }: TestResult): boolean =>
    verdict === 'pass' || verdict === 'fail' || (verdict === undefined && measured !== undefined)
  if (tests.some(finished)) return []
  const [open] = tests
  const { id, text, place } = requirement
  const said =
    open === undefined ? 'No test result names it' : `${placeText(open.place)} says "${open.verdictText}"`
  return [
    {
      title:
        open === undefined
          ? `${id} has no test evidence`
          : `${id} has no test result: ${nameOf(open)} is "${open.verdictText}"`,
      description: `${placeText(place)} requires: ${text.slice(0, 200)} ${said}. Run the test and record its result.`,
      priority: 'medium',
      tags: ['test', 'missing-evidence'],
      places: distinctPlaces([place, ...tests.map((test) => test.place)]),
    },
  ]
}

/** One finding for all, where documents hold no results at all. */
function nothingTested(required: readonly Requirement[]): Finding[] {
  if (required.length < 2) return []
  const ids = required.slice(0, 10).map(({ id }) => id)
  return [
    {
      title: `None of ${required.length} requirements has a test result`,
      description: `No document holds a test result for ${ids.join(', ')}${required.length > 10 ? ' and more' : ''}. Add the test reports, or say how the requirements are shown.`,
      priority: 'medium',
      tags: ['test', 'missing-evidence'],
      places: distinctPlaces(required.map(({ place }) => place)).slice(0, 10),
    },
  ]
}

function unknownRequirements(model: Model, known: ReadonlyMap<string, Requirement>): Finding[] {
  const familyOf = (id: string): string => id.replace(/\d+$/, '')
  const families = new Set([...known.keys()].map(familyOf))
  return model.tests.flatMap((test) =>
    test.requirements
      .filter((id) => !known.has(id) && families.has(familyOf(id)))
      .map((id) => ({
        title: `${nameOf(test)} refers to ${id}, which no document states`,
        description: `${placeText(test.place)} names ${id}, but no requirement has that id. Correct the reference, or add the requirement.`,
        priority: 'medium' as const,
        tags: ['test', 'unknown-requirement'],
        places: [test.place],
      })),
  )
}

/** Requirements without a finished test, and test results that do not show what they should. */
export const missingEvidence: Rule = {
  name: 'missing-evidence',
  find(model) {
    const known = new Map(model.requirements.toReversed().map((requirement) => [requirement.id, requirement]))
    const required = [...known.values()].filter(needsTest)
    const pairs = model.tests.flatMap((test) => test.requirements.map((id) => ({ id, test })))
    const results = Map.groupBy(pairs, ({ id }) => id)
    // A repeated test replaces what failed before it.
    const last = new Map(
      model.tests.map((test) => [
        `${test.id ?? placeText(test.place)} ${test.requirements.join()} ${test.title}`,
        test,
      ]),
    )
    return [
      ...[...last.values()].flatMap((test) => resultFinding(test, known)),
      ...(model.tests.length === 0
        ? nothingTested(required)
        : required.flatMap((one) =>
            coverageFinding(
              one,
              (results.get(one.id) ?? []).map(({ test }) => test),
            ),
          )),
      ...unknownRequirements(model, known),
    ]
  },
}
