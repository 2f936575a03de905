import { base64Fragments, textForms } from './secret-forms.ts'

/** Keeps the secrets of one run out of everything that is recorded. */
export interface Redactor {
  /**
   * From now on its value, its lines and what the usual encodings make of them become `***`.
   * @returns false for one that is too short: it would hide what has nothing to do with it, and hardly be hidden itself
   */
  add(secret: string): boolean
  redact(text: string): string
}

/** Of a secret, of its lines, and of what is looked for. */
export const shortestSecret = 4
/** A file of more lines is a key or the like: its lines are looked for as they are, and the whole in every form. */
const encodedLines = 10

/** The characters beside a fragment of base64 hold a part of the secret as well. */
const besides = '[A-Za-z0-9+/_-]'

export function createRedactor(): Redactor {
  let forms: string[] = []
  let fragments: string[] = []
  let base64: RegExp | undefined
  return {
    add(secret) {
      const parts = partsOf(secret)
      if (parts.whole.length === 0) return secret.trim() === ''
      // Longest first, or a form that holds another one would leave its rest behind.
      forms = longestFirst([...forms, ...parts.whole.flatMap(textForms), ...parts.plain])
      fragments = longestFirst([...fragments, ...parts.whole.flatMap(base64Fragments)])
      const alternatives = fragments.map((fragment) => fragment.replaceAll('+', '\\+')).join('|')
      base64 = new RegExp(`${besides}?(?:${alternatives})${besides}?={0,2}`, 'g')
      return true
    },
    redact(text) {
      const rest = forms.reduce((left, form) => left.replaceAll(form, '***'), text)
      return base64 ? rest.replaceAll(base64, '***') : rest
    },
  }
}

/** What is looked for in every form, and what only as it is. */
function partsOf(secret: string): { whole: string[]; plain: string[] } {
  const isLongEnough = (text: string) => text.length >= shortestSecret
  const lines = secret
    .split(/\r?\n/)
    .flatMap((line) => [line, line.trim()])
    .filter(isLongEnough)
  const whole = [secret, secret.trim()].filter((text) => isLongEnough(text.trim()))
  if (whole.length === 0) return { whole, plain: [] }
  return lines.length > 2 * encodedLines
    ? { whole, plain: lines }
    : { whole: [...whole, ...lines], plain: [] }
}

function longestFirst(texts: readonly string[]): string[] {
  return [...new Set(texts)]
    .filter((text) => text.length >= shortestSecret)
    .sort((a, b) => b.length - a.length)
}
