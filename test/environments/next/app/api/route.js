import http from 'node:http'
import * as port4me from 'port4me'
import getPort from 'port4me/get-port'
import { exercise } from '../../exercise.cjs'

export const dynamic = 'force-dynamic'

export async function GET() {
  return Response.json(await exercise({ port4me, getPort, http }))
}
