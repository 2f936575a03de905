/** A place under a limit, as the run that asks for it keeps it. */
export interface PlaceState {
  token: string
  key: string
  limit: number
  priority: number
  sinceMs: number
  /** `refused`: it is not had; `superseded`: it is to be given back. `by` is the run that has it, or gets it, instead. */
  status: 'waiting' | 'held' | 'refused' | 'superseded'
  by?: string
  /** Of the workflow that keeps the limit, once that was asked. */
  limitId?: string
}
