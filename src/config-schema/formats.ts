const examples: ReadonlyMap<string, string> = new Map([
  ['date', '2026-01-31'],
  ['date-time', '2026-01-31T12:00:00Z'],
  ['duration', 'PT5M'],
  ['email', 'name@example.com'],
  ['hostname', 'api.example.com'],
  ['ipv4', '192.0.2.1'],
  ['ipv6', '2001:db8::1'],
  ['time', '12:00:00Z'],
  ['uri', 'https://example.com/'],
  ['uuid', '01970000-0000-7000-8000-000000000000'],
])

/** A text of a format, for people who wrote another one. */
export function exampleOf(format: string): string | undefined {
  return examples.get(format)
}
