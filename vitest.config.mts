import { defineConfig } from 'vitest/config'

// What users call is tested against both engines, in the built package; the rest once. What takes
// minutes is in projects of their own: npm run test:stress, npm run test:platforms.
const api = ['test/{api,cli,faults,processes}/**/*.test.ts']
const clean = { PORT4ME_USER: '', PORT4ME_TOOL: '' }

export default defineConfig({
  test: {
    testTimeout: 60_000,
    // The tests of the two engines bind the same ports.
    fileParallelism: false,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{native,contract,package,examples}/**/*.test.ts'],
          execArgv: ['--expose-gc'],
          env: clean,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'native',
          include: api,
          env: { ...clean, PORT4ME_ENGINE: 'native' },
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'fallback',
          include: api,
          env: { ...clean, PORT4ME_ENGINE: 'fallback' },
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'platforms',
          include: ['test/platforms/**/*.test.ts'],
          env: clean,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'stress',
          include: ['test/stress/**/*.test.ts'],
          env: clean,
          testTimeout: 60_000,
        },
      },
    ],
  },
})
