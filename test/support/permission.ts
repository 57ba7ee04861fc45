import { HAS_BOUND_SOCKETS } from '../../lib/engine/fallback/bound.js'

/** The flags of Node.js's permissions that let it read a folder, and do what the TypeScript engine does. */
export function allowingOnly(folder: string): string[] {
  const knows = (flag: string): boolean => process.allowedNodeEnvironmentFlags.has(flag)
  return [
    knows('--permission') ? '--permission' : '--experimental-permission',
    `--allow-fs-read=${folder}*`,
    ...(HAS_BOUND_SOCKETS ? [] : ['--allow-worker']),
    ...(knows('--allow-net') ? ['--allow-net'] : []),
  ]
}
