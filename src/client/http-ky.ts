import ky from 'ky'
import type { SendRequest } from './http.ts'

const client = ky.create({
  // Whether to send again depends on what a failure proves: the caller's decision, not a default's.
  retry: 0,
  // Ours covers the body of the answer too, and tells a caller's abort from a timeout.
  timeout: false,
  throwHttpErrors: false,
})

export const sendRequest: SendRequest = (url, init, fetch) => client(url, { ...init, fetch })
