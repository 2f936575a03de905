import { describeCaller } from '../services/callers.ts'
import { type Handlers, json } from './handler.ts'

export const whoamiHandlers: Handlers<'whoami'> = {
  whoami: ({ caller }) => json(describeCaller(caller)),
}
