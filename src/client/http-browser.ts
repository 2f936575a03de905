import type { SendRequest } from './http.ts'

export const sendRequest: SendRequest = (url, init, fetch) => fetch(url, init)
