/** The type of a `bytea` in PostgreSQL's catalogue. */
const bytea = 17

/**
 * How PGlite writes and reads bytes. What it comes with makes a string and a number of each byte in turn, and stops the
 * process for seconds over an output of 16 MiB.
 */
export const embeddedBytes = {
  serializers: {
    [bytea]: (value: Uint8Array): string => {
      const { buffer, byteOffset, byteLength } = value
      return `\\x${Buffer.from(buffer, byteOffset, byteLength).toString('hex')}`
    },
  },
  parsers: {
    [bytea]: (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), 'hex')),
  },
}
