import t from 'tap'
import { suggest } from '../../../src/cors/suggestion/suggest.ts'
import { suggestionYaml } from '../../../src/cors/suggestion/suggestion-yaml.ts'
import { makeSeen } from '../../fixtures/seen-requests.ts'

t.test('nothing seen is a configuration of no bucket', async t => {
  t.equal(suggestionYaml([]), 'buckets: {}\n')
})

t.test('a bucket of nothing but what is left out has no entry, and says why', async t => {
  const yaml = suggestionYaml(suggest([makeSeen({ origin: 'null' })]))
  t.match(yaml, /^buckets: \{\}\n {2}# Of "media", not suggested:\n {2}# {3}- "null" # "GET": 1 request, /)
})

t.test('of very many that are left out some are told, and how many more there are', async t => {
  const seen = Array.from({ length: 60 }, (_, index) => makeSeen({ origin: `http://a${index}.example.com` }))
  const yaml = suggestionYaml(suggest(seen))
  t.equal(yaml.match(/# {3}- /g)?.length, 50)
  t.match(yaml, '  #   and 10 more\n')
})

t.test('what check warns of a rule stands above it', async t => {
  const yaml = suggestionYaml(suggest([makeSeen({ headers: ['authorization'], preflights: 1 })]))
  t.match(yaml, /CORSRules:\n {6}# check warns: Authorization is allowed, but not .*\n {6}- AllowedOrigins:/)
})
