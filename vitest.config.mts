import { defineConfig } from 'vitest/config'

// What users call is tested against both engines, in the built package; the rest once. What takes
// minutes is in projects of their own: npm run test:stress, npm run test:platforms.
const api = ['test/{api,cli,faults,processes}/**/*.test.ts']
const common = { setupFiles: ['test/support/own-user.ts'], testTimeout: 120_000 }

export default defineConfig({
  test: {
    globalSetup: ['test/support/up-to-date.mjs'],
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['test/{native,contract,settings,package,examples}/**/*.test.ts'],
          execArgv: ['--expose-gc'],
        },
      },
      { test: { ...common, name: 'native', include: api, env: { PORT4ME_ENGINE: 'native' } } },
      { test: { ...common, name: 'fallback', include: api, env: { PORT4ME_ENGINE: 'fallback' } } },
      { test: { ...common, name: 'platforms', include: ['test/platforms/**/*.test.ts'] } },
      { test: { ...common, name: 'stress', include: ['test/stress/**/*.test.ts'] } },
    ],
  },
})
