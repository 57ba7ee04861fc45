import { defineConfig } from '@playwright/test'
import { servicePort } from 'port4me'

// Playwright evaluates this file again in each worker, when the server has the port. servicePort() finds the
// server of this project, whoever started it, and returns its port.
const port = servicePort('web')

export default defineConfig({
  testDir: 'test',
  fullyParallel: true,
  workers: 4,
  use: { baseURL: `http://localhost:${port}` },
  // The server that Playwright finds on this port is always this project's own.
  webServer: { command: 'npm run dev', port, reuseExistingServer: true },
})
