import http from 'node:http'
import * as port4me from 'port4me'
import getPort from 'port4me/get-port'
import { exercise } from './exercise.cjs'

exercise({ port4me, getPort, http }).then((result) => {
  console.log(JSON.stringify(result))
  process.exit()
})
