import { findMeasures, type Measure } from '../language/measures.ts'
import { formatIn } from '../language/units.ts'
import type { Model, Requirement, TestResult } from '../reading/model.ts'
import { distinctPlaces, type Finding, groupBy, isAbove, placeText, type Rule, sizeText } from './rule.ts'

/** Requirements that are shown otherwise than by test. */
function needsTest({ method }: Requirement): boolean {
  return (
    method === undefined ||
    method.trim() === '' ||
    /\b(?:test|tests|testing|T|demonstration|measurement|D)\b/i.test(method)
  )
}

const testName = ({ id, title }: TestResult): string => id ?? (title === '' ? 'a test' : title)

function limitText({ lower, upper }: { lower?: number; upper?: number }, { unit }: Measure): string {
  return [
    ...(lower === undefined ? [] : [`at least ${formatIn(lower, unit)}`]),
    ...(upper === undefined ? [] : [`at most ${formatIn(upper, unit)}`]),
  ].join(' and ')
}

/** The one bound that a requirement's text has in the dimension of what was measured. */
function requiredBound(requirement: Requirement, dimension: string): Measure | undefined {
  const bounds = findMeasures(requirement.text).filter(
    ({ unit, lower, upper }) => unit.dimension === dimension && (lower !== undefined || upper !== undefined),
  )
  return bounds.length === 1 ? bounds[0] : undefined
}

function isOutside(
  { value, lower, upper, rounding }: Measure,
  bounds: { lower?: number; upper?: number },
): boolean {
  const [least, most] = [lower ?? value, upper ?? value]
  return (
    (bounds.upper !== undefined && most !== undefined && isAbove(most, bounds.upper, rounding * 1e-6)) ||
    (bounds.lower !== undefined && least !== undefined && isAbove(bounds.lower, least, rounding * 1e-6))
  )
}

/** A measured value beyond the limit of its row or of its requirement. */
function outsideLimit(test: TestResult, requirement: Requirement | undefined): { text: string } | undefined {
  const { measured, criterion } = test
  if (measured === undefined) return undefined
  const required = requirement === undefined ? undefined : requiredBound(requirement, measured.unit.dimension)
  const own = criterion?.dimension === measured.unit.dimension ? criterion : undefined
  const broken = [own, required].find((bounds) => bounds !== undefined && isOutside(measured, bounds))
  return broken === undefined ? undefined : { text: limitText(broken, measured) }
}

function resultFindings(test: TestResult, known: ReadonlyMap<string, Requirement>): Finding[] {
  const about = test.requirements.flatMap((id) => known.get(id) ?? [])
  const [requirement] = about
  const outside = outsideLimit(test, about.length === 1 ? requirement : undefined)
  const of = test.requirements.length === 0 ? '' : ` of ${test.requirements.join(', ')}`
  const measured = test.measured === undefined ? '' : `measured ${sizeText(test.measured)}`
  const places = distinctPlaces([test.place, ...about.map(({ place }) => place)])
  const at = placeText(test.place)
  if (test.verdict === 'fail')
    return [
      {
        title: `${testName(test)}${of} failed`,
        description: `${at} reports ${testName(test)}${of} as "${test.verdictText}"${measured === '' ? '' : ` (${measured}${outside === undefined ? '' : `, allowed is ${outside.text}`})`}. Find the cause, correct it and repeat the test.`,
        priority: 'high',
        tags: ['test', 'failed'],
        places,
      },
    ]
  if (outside !== undefined)
    return [
      {
        title: `${testName(test)}${of}: ${measured} is outside the limit (${outside.text})`,
        description: `${at} reports ${measured}, but the limit is ${outside.text}${test.verdict === 'pass' ? `; the result says "${test.verdictText}" all the same` : ''}. Correct the verdict, or the value, and repeat the test.`,
        priority: 'high',
        tags: ['test', 'out-of-limit'],
        places,
      },
    ]
  return [...looserCriterion(test, requirement, about.length === 1)]
}

/** A test that allows more than its requirement does. */
function looserCriterion(test: TestResult, requirement: Requirement | undefined, single: boolean): Finding[] {
  const { criterion } = test
  if (criterion === undefined || requirement === undefined || !single) return []
  const required = requiredBound(requirement, criterion.dimension)
  if (required === undefined) return []
  const above =
    required.upper !== undefined &&
    criterion.upper !== undefined &&
    isAbove(criterion.upper, required.upper, required.rounding)
  const below =
    required.lower !== undefined &&
    criterion.lower !== undefined &&
    isAbove(required.lower, criterion.lower, required.rounding)
  if (!above && !below) return []
  const [tested, asked] = [limitText(criterion, required), limitText(required, required)]
  return [
    {
      title: `${testName(test)} allows more than ${requirement.id}: ${tested}, required is ${asked}`,
      description: `${placeText(test.place)} tests against ${tested}, but ${requirement.id} (${placeText(requirement.place)}) requires ${asked}. Test against the requirement.`,
      priority: 'medium',
      tags: ['test', 'criterion'],
      places: [test.place, requirement.place],
    },
  ]
}

function coverageFindings(model: Model, required: readonly Requirement[]): Finding[] {
  const results = groupBy(
    model.tests.flatMap((test) => test.requirements.map((id) => ({ id, test }))),
    ({ id }) => id,
  )
  if (model.tests.length === 0)
    return required.length < 2
      ? []
      : [
          {
            title: `None of ${required.length} requirements has a test result`,
            description: `No document holds a test result for ${required
              .slice(0, 10)
              .map(({ id }) => id)
              .join(
                ', ',
              )}${required.length > 10 ? ' and more' : ''}. Add the test reports, or say how the requirements are shown.`,
            priority: 'medium',
            tags: ['test', 'missing-evidence'],
            places: distinctPlaces(required.map(({ place }) => place)).slice(0, 10),
          },
        ]
  return required.flatMap((requirement): Finding[] => {
    const tests = (results.get(requirement.id) ?? []).map(({ test }) => test)
    const undone = tests.filter(({ verdict }) => verdict === 'open')
    if (
      tests.some(
        ({ verdict, measured }) =>
          verdict === 'fail' || verdict === 'pass' || (verdict === undefined && measured !== undefined),
      )
    )
      return []
    const [first] = undone
    const said = first === undefined ? '' : `: ${testName(first)} is "${first.verdictText}"`
    return [
      {
        title: `${requirement.id} has no test ${first === undefined ? 'evidence' : 'result'}${said}`,
        description: `${placeText(requirement.place)} requires: ${shorten(requirement.text)} ${first === undefined ? 'No test result names it' : `${placeText(first.place)} says "${first.verdictText}"`}. Run the test and record its result.`,
        priority: 'medium',
        tags: ['test', 'missing-evidence'],
        places: distinctPlaces([requirement.place, ...undone.map(({ place }) => place)]),
      },
    ]
  })
}

const shorten = (text: string): string => (text.length > 160 ? `${text.slice(0, 159)}…` : text)

function unknownRequirements(model: Model, known: ReadonlyMap<string, Requirement>): Finding[] {
  const families = new Set([...known.keys()].map((id) => id.replace(/\d+$/, '')))
  return model.tests.flatMap((test) =>
    test.requirements
      .filter((id) => !known.has(id) && families.has(id.replace(/\d+$/, '')))
      .map((id) => ({
        title: `${testName(test)} refers to ${id}, which no document states`,
        description: `${placeText(test.place)} names ${id}, but the requirements end without it. Correct the reference, or add the requirement.`,
        priority: 'medium' as const,
        tags: ['test', 'unknown-requirement'],
        places: [test.place],
      })),
  )
}

/** Requirements without a passed test, and test results that do not show what they should. */
export const missingEvidence: Rule = {
  name: 'missing-evidence',
  find(model) {
    const known = new Map(model.requirements.toReversed().map((requirement) => [requirement.id, requirement]))
    const required = [...known.values()].filter(needsTest)
    // A repeated test replaces what failed before it.
    const last = new Map(
      model.tests.map((test, index) => [
        test.id === undefined ? `${index}` : `${test.id} ${test.requirements.join()} ${test.title}`,
        test,
      ]),
    )
    return [
      ...[...last.values()].flatMap((test) => resultFindings(test, known)),
      ...coverageFindings(model, required),
      ...unknownRequirements(model, known),
    ]
  },
}
