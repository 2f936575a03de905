import type { Zone } from './zones.ts'

/** An instant as a zone's clocks show it, with the offset from UTC: `2026-03-29T03:00:00+02:00`. */
export function localText(atMs: number, zone: Zone): string {
  const offsetMs = zone.offsetMs(atMs)
  const local = new Date(atMs + offsetMs).toISOString().slice(0, 19)
  const minutes = Math.round(Math.abs(offsetMs) / 60_000)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${local}${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
