import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Styles a text, or leaves it alone where there are no colors. */
export type Paint = (format: Format, text: string) => string

export function painter(color: boolean): Paint {
  return color
    ? (format, text) => styleText(format, text, { validateStream: false })
    : (_format, text) => text
}

/** How a status looks, of a step, a pipeline run or a job run; also of a finding and of what the doctor found. */
export function formatOf(status: string): Format {
  switch (status) {
    case 'completed':
    case 'ok':
      return 'green'
    case 'failed':
    case 'error':
    case 'problem':
      return 'red'
    case 'running':
    case 'cancelling':
      return 'cyan'
    case 'paused':
    case 'held':
    case 'trigger_unknown':
    case 'cancelled':
    case 'warning':
      return 'yellow'
    default:
      return 'dim'
  }
}

/** For tables: colors what stands under STATUS. */
export function statusPaint(color: boolean): (heading: string, cell: string) => string {
  const paint = painter(color)
  return (heading, cell) => (heading === 'STATUS' ? paint(formatOf(cell), cell) : cell)
}
