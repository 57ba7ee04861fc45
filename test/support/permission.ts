import { HAS_BOUND_SOCKETS } from '../../lib/engine/fallback/bound.js'

/** The flags with which Node.js may read only this folder, and the TypeScript engine still works. */
export function allowingOnly(folder: string): string[] {
  const knows = (flag: string): boolean => process.allowedNodeEnvironmentFlags.has(flag)
  return [
    knows('--permission') ? '--permission' : '--experimental-permission',
    `--allow-fs-read=${folder}*`,
    ...(HAS_BOUND_SOCKETS ? [] : ['--allow-worker']),
    ...(knows('--allow-net') ? ['--allow-net'] : []),
  ]
}
