const http = require('node:http')
const port4me = require('port4me')
const getPort = require('port4me/get-port')
const { exercise } = require('./exercise.cjs')

exercise({ port4me, getPort, http }).then((result) => {
  console.log(JSON.stringify(result))
  process.exit()
})
