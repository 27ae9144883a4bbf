import t from 'tap'
import { commands } from '../../../src/cli/main.ts'
import { commonOptions } from '../../../src/cli/terminal/arguments.ts'
import type { Command } from '../../../src/cli/terminal/command.ts'
import { settings } from '../../../src/config/schema/settings.ts'

const own = (command: Command) => [...command.options, ...commonOptions].map(option => option.name)

for (const command of commands) {
  t.test(`${command.name} says what it does, in options of one meaning each`, async t => {
    t.match(command.name, /^[a-z]+$/)
    t.match(command.meaning, /^[A-Z].*\.$/)
    t.equal(new Set(own(command)).size, own(command).length, 'no option twice')
    const flags = settings().map(setting => setting.flag)
    if (command.takesSettings === true)
      t.notOk(
        own(command).some(name => flags.includes(name)),
        'none hides a setting',
      )
    for (const option of command.options) t.equal(option.kind === 'switch', option.value === undefined, option.name)
  })
}

t.test('no command is named twice', async t => {
  t.equal(new Set(commands.map(command => command.name)).size, commands.length)
})
