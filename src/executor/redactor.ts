/** Keeps the secrets of one run out of everything that is recorded. */
export interface Redactor {
  /** From now on its value, its lines and its usual encodings become `***`. */
  add(secret: string): void
  redact(text: string): string
}

const shortestLine = 8

/** The forms in which a value shows up in messages: itself, inside JSON, inside a URL; the lines of a key file one by one. */
function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= shortestLine)
  const encoded = secret.isWellFormed() ? [encodeURIComponent(secret)] : []
  return [secret, JSON.stringify(secret).slice(1, -1), ...encoded, ...lines]
}

export function createRedactor(): Redactor {
  let forms: string[] = []
  return {
    add(secret) {
      // Longest first, or a form that holds another one would leave its rest behind.
      forms = [...new Set([...forms, ...formsOf(secret)])]
        .filter((form) => form !== '')
        .sort((a, b) => b.length - a.length)
    },
    redact: (text) => forms.reduce((rest, form) => rest.replaceAll(form, '***'), text),
  }
}
