import { describeCaller } from '../services/callers.ts'
import { type Handlers, json } from './handler.ts'

export function whoamiHandlers(installation: string): Handlers<'whoami'> {
  return { whoami: ({ caller }) => json({ ...describeCaller(caller), installation }) }
}
