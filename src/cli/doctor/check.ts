/** One thing the doctor looked at. */
export interface Check {
  /** Stable, for machines: `node`, `data_dir`, `temporal`, … */
  name: string
  /** `problem`: something that is needed does not work. `warning`: it works, with a loss. */
  status: 'ok' | 'info' | 'warning' | 'problem'
  /** What was found. */
  detail: string
  /** What to do about it. */
  fix?: string
}

/** Of something that is needed and does not work. */
export function problem(name: string, detail: string, fix: string | undefined): Check {
  return { name, status: 'problem', detail, ...(fix === undefined ? {} : { fix }) }
}
