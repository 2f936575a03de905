/** What sender and receiver agree on. A real secret comes from the environment; this one is for trying only. */
export const hook = {
  port: Number(process.env.NIGHT_HOOK_PORT ?? 8399),
  secret: process.env.NIGHT_HOOK_SECRET ?? 'whsec_c2FtcGxlLWtleS1vZi10aGUtbmlnaHRseS1iYXRjaA==',
}
