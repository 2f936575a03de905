import type { Migration } from 'kysely/migration'
import { initial } from './0001-initial.ts'
import { graphsOfEndedRuns } from './0002-graphs-of-ended-runs.ts'
import { queueTimeouts } from './0003-queue-timeouts.ts'
import { installation } from './0004-installation.ts'
import { uncompressedContent } from './0005-uncompressed-content.ts'
import { savedPipelines } from './0006-saved-pipelines.ts'
import { outboxClaimers } from './0007-outbox-claimers.ts'

/** Every migration by its name, which the database remembers: never rename one, never change one that was released. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0002-graphs-of-ended-runs': graphsOfEndedRuns,
  '0003-queue-timeouts': queueTimeouts,
  '0004-installation': installation,
  '0005-uncompressed-content': uncompressedContent,
  '0006-saved-pipelines': savedPipelines,
  '0007-outbox-claimers': outboxClaimers,
}
