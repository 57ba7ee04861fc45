// The reference shows a default export by its own name, and the type of a result as it is written in the source: not
// Awaited<[ForOptions<...>]...> but ListenResult<Server>.

import { Converter } from 'typedoc'

const DEFAULT = 'getPort'

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
    if (reflection.name === 'default') reflection.name = DEFAULT
  })
  app.converter.on(Converter.EVENT_CREATE_SIGNATURE, (context, reflection, declaration) => {
    if (reflection.name === 'default') reflection.name = DEFAULT
    const written = declaration?.type
    if (written) reflection.type = app.converter.convertType(context, written)
  })
}
