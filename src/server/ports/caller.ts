/** Who is calling: every read and write is confined to the workspace. */
export interface Caller {
  workspace: string
  email: string
}
