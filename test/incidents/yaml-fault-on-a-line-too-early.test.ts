// Found by fuzzing: after an error within brackets, the lines inside a quoted string were not counted, so that the faults
// behind it were shown too early, in columns that their line did not have.

import t from 'tap'
import { issueLines, parseText, upstreamLine } from '../fixtures/parsed-text.ts'

t.test('a fault behind another and a string over several lines is shown on its own line', async t => {
  const lines = issueLines(parseText(`${upstreamLine}hosts: @a\nlimits: "over\n several\n lines" @\n`))
  t.match(lines.at(-1), /^config\/proxy\.yaml:5:9: /)
})
