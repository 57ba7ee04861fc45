// Runs before each test file and gives it a user of its own. So no other test run, and no other program of this machine,
// has the same sequence of ports.

import { randomUUID } from 'node:crypto'

const KEPT = ['PORT4ME_ENGINE', 'PORT4ME_PREBUILD', 'PORT4ME_STRESS']

for (const name of Object.keys(process.env)) {
  if (/^_?PORT4ME_/.test(name) && !KEPT.includes(name)) delete process.env[name]
}
process.env.PORT4ME_USER = `tests ${randomUUID()}`
