/**
 * One request, one answer, whatever its status. What sends it is `#http`: ky, and in a browser, where bytes count and nothing of ky's
 * is needed, `fetch` itself (`imports` in package.json).
 */
export type SendRequest = (
  url: string,
  init: RequestInit,
  fetch: typeof globalThis.fetch,
) => Promise<Response>
