import type { Json } from '../../src/base/json.ts'
import { fieldOf, shapeOf, type ValueShape } from '../../src/expressions/value-shape.ts'

/** Whether a value that is there is of a shape. */
export function isOf(found: Json, shape: ValueShape): boolean {
  const own = shapeOf(found)
  if (![...own.kinds].some((kind) => shape.kinds.has(kind))) return false
  if (shape.constant !== undefined && JSON.stringify(shape.constant) !== JSON.stringify(found)) return false
  if (Array.isArray(found)) return found.every((each) => shape.items === undefined || isOf(each, shape.items))
  if (found === null || typeof found !== 'object') return shape.values?.includes(found) ?? true
  const hasAll = [...(shape.required ?? [])].every((key) => Object.hasOwn(found, key))
  return (
    hasAll &&
    Object.entries(found).every(([key, each]) => {
      const known = fieldOf(shape, key)
      return known !== undefined && isOf(each, known)
    })
  )
}
