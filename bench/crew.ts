import path from 'node:path'
import type { Arm } from './arms/arm.ts'
import { startCheckout } from './arms/checkout.ts'
import { startDbos } from './arms/dbos.ts'
import { startHandWritten } from './arms/hand-written.ts'
import { startPlain } from './arms/plain.ts'
import { startRestate } from './arms/restate.ts'
import type { InstantServer } from './instant-server.ts'
import { type ArmName, isBefore } from './options.ts'
import { PeerMissing } from './peers/packages.ts'
import type { ArmKind } from './workloads.ts'

const repository = path.resolve(import.meta.dirname, '..')

export interface Crew {
  arms: readonly { kind: ArmKind; arm: Arm }[]
  skipped: readonly { arm: string; why: string }[]
  stop(): Promise<void>
}

export const kindOf = (name: ArmName): ArmKind => (name.startsWith('stack') ? 'stack' : 'orchestrator')

/** Starts the arms that are wanted; what others are made of and cannot be had is skipped, with the reason. */
export async function startCrew(
  names: readonly ArmName[],
  options: { baseline: string | undefined; profile: string | undefined; jobsApi: InstantServer },
): Promise<Crew> {
  const { baseline, profile, jobsApi } = options
  const arms: { kind: ArmKind; arm: Arm }[] = []
  const skipped: { arm: string; why: string }[] = []
  const started: Arm[] = []
  const keep = <Kept extends Arm>(arm: Kept): Kept => {
    started.push(arm)
    return arm
  }
  const stop = async () => {
    for (const arm of started.toReversed()) await arm.stop()
  }
  const needsTemporal = names.some((name) => /^(ours|temporal\d)$/.test(name))
  try {
    const ours = needsTemporal ? keep(await startOurs('ours', repository, options)) : undefined
    const temporal = {
      address: ours?.temporalAddress ?? '',
      pid: ours?.processes.find(({ label }) => label === 'Temporal')?.pid ?? 0,
    }
    const start = (name: ArmName): Promise<Arm> | Arm | undefined => {
      const checkout = isBefore(name) ? (baseline ?? repository) : repository
      if (name === 'ours') return ours
      if (name === 'ours-before') return startOurs(name, checkout, options)
      if (name === 'temporal1') return startHandWritten(1, temporal, jobsApi)
      if (name === 'temporal3') return startHandWritten(3, temporal, jobsApi)
      if (name === 'plain') return startPlain(jobsApi)
      if (name === 'restate') return startRestate(jobsApi)
      if (name === 'dbos') return startDbos(jobsApi)
      return startStack(name, checkout, profile)
    }
    for (const name of names) {
      try {
        const arm = await start(name)
        if (!arm) continue
        arms.push({ kind: kindOf(name), arm: arm === ours ? arm : keep(arm) })
      } catch (error) {
        if (!(error instanceof PeerMissing)) throw error
        skipped.push({ arm: name, why: error.message })
      }
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { arms, skipped, stop }
}

type StartOptions = Parameters<typeof startCrew>[1]

function startOurs(name: ArmName, checkout: string, { jobsApi, profile }: StartOptions) {
  const title = isBefore(name) ? 'Jobwright, before' : 'Jobwright'
  return startCheckout({ name, title, checkout, jobsApi, profile })
}

function startStack(name: ArmName, checkout: string, profile: string | undefined) {
  const postgres = name.startsWith('stack-pg')
  const title = `own stack, ${postgres ? 'PostgreSQL' : 'PGlite'}${isBefore(name) ? ', before' : ''}`
  return startCheckout({ name, title, checkout, postgres, profile })
}
