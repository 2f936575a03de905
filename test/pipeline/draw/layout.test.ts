import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Box, layOut, type Point, sizes } from '../../../src/pipeline/draw/layout.ts'
import type { PlanStep } from '../../../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

/** A step for each list; the numbers say which of the steps before it, counted back, it needs. */
const steps = fc
  .array(fc.uniqueArray(fc.nat({ max: 11 }), { maxLength: 4 }), { minLength: 1, maxLength: 14 })
  .map((lists) =>
    lists.map((back, index) =>
      planStep(`s${index}`, {
        needs: back.filter((steps) => steps < index).map((steps) => `s${index - 1 - steps}`),
      }),
    ),
  )

/** Some boxes are higher than others. */
const heightOf = ({ id }: PlanStep): number => 50 + 17 * (Number(id.slice(1)) % 4)

function holds(box: Box, { x, y }: Point): boolean {
  return x > box.x && x < box.x + sizes.boxWidth && y > box.y && y < box.y + box.height
}

test('a drawing has every box and every line, and none lies on another box', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { width, height, boxes, lines, lanes } = layOut(planOf(all), heightOf)
      expect(boxes.map(({ step }) => step.id).toSorted()).toEqual(all.map(({ id }) => id).toSorted())
      expect(lines).toHaveLength(all.flatMap(({ needs }) => needs).length)
      for (const box of boxes) {
        const corners = [0, sizes.boxWidth].flatMap((dx) =>
          [0, box.height].map((dy) => ({ x: box.x + dx, y: box.y + dy })),
        )
        for (const { x, y } of corners) {
          expect(x >= sizes.margin && x <= width - sizes.margin, `${x} of ${width}`).toBe(true)
          expect(y >= sizes.margin && y <= height - sizes.margin, `${y} of ${height}`).toBe(true)
        }
        const others = boxes.filter((other) => other !== box)
        expect(others.filter((other) => corners.some((corner) => holds(other, corner)))).toEqual([])
        const above = lanes.filter(({ to, endX }) => holds(box, { x: (to.x + endX) / 2, y: to.y }))
        expect(above).toEqual([])
      }
    }),
  )
})

test('a line begins where the step that is needed ends, or where a lane from there does', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { boxes, lines, lanes } = layOut(planOf(all), heightOf)
      const right = (x: number, y: number) => `${x}/${y}`
      const ends = new Set([
        ...boxes.map((box) => right(box.x + sizes.boxWidth, box.y + box.height / 2)),
        ...lanes.map((lane) => right(lane.endX, lane.to.y)),
      ])
      const loose = [...lines, ...lanes].filter(({ from }) => !ends.has(right(from.x, from.y)))
      expect(loose).toEqual([])
    }),
  )
})
