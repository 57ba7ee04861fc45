// The error of a search that found no free port. Its message says who has the first taken candidate.

import type { Verdicts } from '../binding.js'
import { countCandidates, firstCandidates } from './candidates.js'
import { REASON_MASK, Reason } from './codes.js'
import { probe, probeAsync } from './engine/questions.js'
import { Port4meError } from './errors.js'
import { firstTaken, firstTakenAsync, type Taken } from './holders/taken-by.js'
import type { Settings } from './settings/settings.js'

/** The error of a search that tried this many candidates and found no free one. */
export function noFreePort(tries: number, settings: Settings): Port4meError {
  const { portQuestion } = settings
  const ports = firstTried(tries, settings)
  const taken = firstTaken(ports, portQuestion)
  let verdicts = NO_VERDICTS
  try {
    if (taken === undefined) verdicts = probe(Uint16Array.from(ports), portQuestion)
  } catch {} // the error that is being made matters more
  return noFreePortError(tries, settings, taken, verdicts)
}

/** Like noFreePort(), but does not block the event loop. */
export async function noFreePortAsync(tries: number, settings: Settings): Promise<Port4meError> {
  const { portQuestion } = settings
  const ports = firstTried(tries, settings)
  const taken = await firstTakenAsync(ports, portQuestion)
  let verdicts = NO_VERDICTS
  try {
    if (taken === undefined) verdicts = await probeAsync(Uint16Array.from(ports), portQuestion)
  } catch {}
  return noFreePortError(tries, settings, taken, verdicts)
}

const NO_VERDICTS: Verdicts = new Uint8Array()

/** How many candidates are looked at to name one that is taken. The system may deny the others (reason `denied`). */
const LOOKED_AT = 8

function firstTried(tries: number, { candidates, engine }: Settings): number[] {
  return firstCandidates(candidates, engine, Math.min(tries, LOOKED_AT))
}

function noFreePortError(
  tries: number,
  { candidates, engine }: Settings,
  taken: Taken | undefined,
  verdicts: Verdicts,
): Port4meError {
  const count = countCandidates(candidates, engine)
  const [first] = firstCandidates(candidates, engine, 1)
  const by = taken === undefined ? '' : ` by ${taken.by}`
  const denied = verdicts.filter((verdict) => (verdict & REASON_MASK) === Reason.DENIED).length
  const state =
    denied === 0
      ? 'taken'
      : denied === tries
        ? 'denied by the system'
        : 'taken, or denied by the system'
  const tried =
    tries > 1
      ? `${tries} candidates were tried, and each is ${state}${by && `, ${taken?.port}${by}`}`
      : count > 1
        ? `1 candidate was tried, ${first}, and it is ${state}${by}`
        : `the one candidate, ${first}, is ${state}${by}`
  const rest = tries < count ? '; a higher maxTries (PORT4ME_MAX_TRIES) would try more' : ''
  return new Port4meError('ERR_NO_FREE_PORT', `no free port: ${tried}${rest}`)
}
