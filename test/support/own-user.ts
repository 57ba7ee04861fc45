// Before each file of tests: settings that are nobody else's. Its ports are those of a user of its own,
// whose sequence no other run of these tests, and no program of this machine, has.

import { randomUUID } from 'node:crypto'

const KEPT = ['PORT4ME_ENGINE', 'PORT4ME_PREBUILD']

for (const name of Object.keys(process.env)) {
  if (/^_?PORT4ME_/.test(name) && !KEPT.includes(name)) delete process.env[name]
}
process.env.PORT4ME_USER = `tests ${randomUUID()}`
