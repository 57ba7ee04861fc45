import { defineConfig } from '@playwright/test'
import { sharedPort } from 'port4me'

// Playwright evaluates this file again in each worker, when the server has the port: port4me() would
// call it taken there, and pick the next.
const port = sharedPort('e2e')

export default defineConfig({
  testDir: 'test',
  fullyParallel: true,
  workers: 4,
  use: { baseURL: `http://localhost:${port}` },
  webServer: { command: `node server.js --port ${port}`, port },
})
