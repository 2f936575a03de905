export { type AddressKind, kindOfAddress } from './addresses.ts'
export { postWebhook, type WebhookAnswer, type WebhookRequest } from './post.ts'
export { messageId, type ReceivedWebhook, signedHeaders, signingProblem, verifyWebhook } from './signing.ts'
export { type AllowedTargets, allowedTargets, targetProblem, urlProblem } from './targets.ts'
