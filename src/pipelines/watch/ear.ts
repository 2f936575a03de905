/** What the history said: nothing; that there is something new to show; that an execution is over which no other follows. */
export type News = 'none' | 'new' | 'over'

/** How far a history is known. */
export interface Known {
  runId: string
  eventId: number
}

/** What was heard of a run, between who listens and who looks. */
export interface Ear {
  /** Whether the history is listened to just now. */
  readonly isListening: boolean
  readonly known: Known | undefined
  /** The news since it was last taken. */
  takeNews(): News
  /** Resolves when something is heard, or when it is listened to no longer; at once while there is news. For one to wait for. */
  rings(): Promise<void>
  noteNews(news: News): void
  noteKnown(known: Known): void
  noteListening(isListening: boolean): void
}

export function createEar(): Ear {
  let bell = Promise.withResolvers<void>()
  let news: News = 'none'
  let isListening = false
  let known: Known | undefined
  return {
    get isListening() {
      return isListening
    },
    get known() {
      return known
    },
    takeNews() {
      const taken = news
      news = 'none'
      return taken
    },
    rings() {
      // A new one for each wait: what is waited for no longer is not to be kept.
      bell = Promise.withResolvers()
      if (news !== 'none') bell.resolve()
      return bell.promise
    },
    noteNews(heard) {
      if (news !== 'over') news = heard
      if (news !== 'none') bell.resolve()
    },
    noteKnown(upTo) {
      known = upTo
    },
    noteListening(isNow) {
      if (isListening && !isNow) bell.resolve()
      isListening = isNow
    },
  }
}
