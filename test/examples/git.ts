import { execFileSync } from 'node:child_process'

/** Runs git in a folder. The variables of a git that runs this process, in a hook for example, are not passed on. */
export function git(folder: string, ...args: readonly string[]): void {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))
  execFileSync('git', args, { cwd: folder, env: Object.fromEntries(kept), stdio: 'pipe' })
}
