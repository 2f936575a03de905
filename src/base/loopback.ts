/** Whether a host is this machine itself, by its name or address as it stands in a URL or in `host:port`. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
  if (name === 'localhost' || name.endsWith('.localhost')) return true
  // Whoever connects to "any address" gets this machine.
  if (['::1', '::', '0.0.0.0'].includes(name)) return true
  return /^(::ffff:)?127(\.\d{1,3}){3}$/.test(name)
}

const proxyNames = ['http_proxy', 'https_proxy', 'grpc_proxy', 'all_proxy']
const exceptionNames = ['no_proxy', 'no_grpc_proxy']
const thisMachine = ['localhost', '127.0.0.1', '::1', '[::1]', '0.0.0.0']

type Environment = Readonly<Record<string, string | undefined>>

/** Names of the variables by which programs are sent through a proxy; never their values, which may hold a password. */
export function proxyVariables(env: Environment): string[] {
  return Object.keys(env).filter((name) => env[name] && proxyNames.includes(name.toLowerCase()))
}

/** What to add to an environment that names proxies, so that this machine itself is never asked through one. */
export function loopbackExceptions(env: Environment): Record<string, string> {
  if (proxyVariables(env).length === 0) return {}
  // Programs differ in which spelling they read, and in which they take first.
  const set = Object.keys(env).filter((name) => env[name] && exceptionNames.includes(name.toLowerCase()))
  return Object.fromEntries(
    [...new Set(['no_proxy', 'NO_PROXY', ...set])].map((name) => {
      const before = (env[name] ?? env[name.toUpperCase()] ?? env[name.toLowerCase()] ?? '')
        .split(',')
        .map((host) => host.trim())
        .filter((host) => host !== '')
      return [name, [...new Set([...before, ...thisMachine])].join(',')]
    }),
  )
}
