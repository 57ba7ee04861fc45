// Preloaded by the JavaScript blocks of the documentation: the function that compares an expression with the value that
// the comment after it tells. See values.ts.

const { isDeepStrictEqual, inspect } = require('node:util')

Object.defineProperty(globalThis, 'checkValue', {
  value(expected, actual) {
    if (!isDeepStrictEqual(actual, expected)) {
      throw new Error(`the comment says ${inspect(expected)}, but the value is ${inspect(actual)}`)
    }
    return actual
  },
})
