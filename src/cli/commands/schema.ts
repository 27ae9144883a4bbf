import { configurationJsonSchema } from '../../config/schema/json-schema.ts'
import type { Command } from '../terminal/command.ts'

/** The JSON Schema of the configuration. */
export const schema: Command = {
  name: 'schema',
  synopsis: '',
  meaning: 'Write the JSON Schema of the configuration, for editors.',
  details: [],
  options: [],
  async run(_given, terminal) {
    terminal.out(`${JSON.stringify(configurationJsonSchema(), null, 2)}\n`)
    return 0
  },
}
