// The error of a search that found no free port. Its message says who has the first taken candidate.

import { countCandidates, firstCandidates } from './candidates.js'
import { Port4meError } from './errors.js'
import { firstTaken, firstTakenAsync, type Taken } from './holders/taken-by.js'
import type { Settings } from './settings/settings.js'

/** The error of a search that tried this many candidates and found no free one. */
export function noFreePort(tries: number, settings: Settings): Port4meError {
  const { portQuestion } = settings
  return noFreePortError(tries, settings, firstTaken(firstTried(tries, settings), portQuestion))
}

/** Like noFreePort(), but does not block the event loop. */
export async function noFreePortAsync(tries: number, settings: Settings): Promise<Port4meError> {
  const { portQuestion } = settings
  const taken = await firstTakenAsync(firstTried(tries, settings), portQuestion)
  return noFreePortError(tries, settings, taken)
}

/** How many candidates are looked at to name one that is taken. The system may deny the others (reason `denied`). */
const LOOKED_AT = 8

function firstTried(tries: number, { candidates, engine }: Settings): number[] {
  return firstCandidates(candidates, engine, Math.min(tries, LOOKED_AT))
}

function noFreePortError(
  tries: number,
  { candidates, engine }: Settings,
  taken: Taken | undefined,
): Port4meError {
  const count = countCandidates(candidates, engine)
  const [first] = firstCandidates(candidates, engine, 1)
  const by = taken === undefined ? '' : ` by ${taken.by}`
  const tried =
    tries > 1
      ? `${tries} candidates were tried, and each is taken${by && `, ${taken?.port}${by}`}`
      : count > 1
        ? `1 candidate was tried, ${first}, and it is taken${by}`
        : `the one candidate, ${first}, is taken${by}`
  const rest = tries < count ? '; a higher maxTries (PORT4ME_MAX_TRIES) would try more' : ''
  return new Port4meError('ERR_NO_FREE_PORT', `no free port: ${tried}${rest}`)
}
