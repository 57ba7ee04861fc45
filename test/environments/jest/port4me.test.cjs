// The clocks that Jest fakes are not those that a call waits by.

const http = require('node:http')
const { exercise } = require('./exercise.cjs')

test('every call settles', async () => {
  jest.useFakeTimers()
  jest.resetModules()
  const port4me = require('port4me')
  const getPort = require('port4me/get-port')
  const result = await exercise({ port4me, getPort, http })
  require('node:fs').writeFileSync('result.json', JSON.stringify(result))
})
