import type { NotificationBody, NotificationEvent, PlanReceiver } from '../../pipeline/plan/index.ts'
import type { AllowedTargets } from '../../webhooks/targets.ts'

/** Argument of the workflow `deliverNotification` and of its activity: one event, one receiver. Secrets are there by their names. */
export interface NotificationInput {
  event: NotificationEvent
  receiver: PlanReceiver
  body: NotificationBody
}

/** The result of the workflow, once the receiver has it. */
export interface DeliveryReport {
  attempts: number
  deliveredAtMs: number
}

/** In the details of a failed attempt. */
export interface FailedAttempt {
  attempt: number
}

/** The activities of the task queue of notifications. */
export interface NotificationActivities {
  sendNotification(input: NotificationInput): Promise<DeliveryReport>
}

export interface NotificationDependencies {
  /** @throws what says that it cannot be had, without its value */
  readSecret(name: string): Promise<string>
  allowed: AllowedTargets
  /** Calls a function of the user's. @throws JobwrightError of which nothing is a secret */
  callFunction(name: string, message: { id: string } & NotificationBody, signal: AbortSignal): Promise<void>
  /** For all of a webhook: DNS, connecting, and the answer. */
  timeoutMs: number
  userAgent: string
  heartbeatIntervalMs: number
}

export interface NextTimeOfDayInput {
  /** `HH:MM`. */
  by: string
  timezone: string
  fromMs: number
}
