import { formatIn } from '../language/units.ts'
import { isAbove, placeText, type Rule } from './rule.ts'

/** Total rows that are not the sum of their rows. */
export const wrongTotals: Rule = {
  name: 'wrong-totals',
  find: (model) =>
    model.totals.flatMap(({ label, column, claimed, sums, place }) => {
      const claim = claimed.value ?? 0
      const rounding = claimed.rounding + claimed.unit.factor * 1e-6
      if (sums.some((sum) => !isAbove(sum, claim, rounding) && !isAbove(claim, sum, rounding))) return []
      const [stated, summed] = [formatIn(claim, claimed.unit), formatIn(sums[0] ?? 0, claimed.unit)]
      return [
        {
          title: `${label}: ${column} is given as ${stated}, its rows add up to ${summed}`,
          description: `${placeText(place)} states ${stated} for ${column}, but the rows above add up to ${summed}. Correct the total or the rows.`,
          priority: 'medium',
          tags: ['sum'],
          places: [place],
        },
      ]
    }),
}
