import t from 'tap'
import { renderSignIn } from '../../../src/admin/page/sign-in.ts'

t.test('the form has no name for the token, so that no browser puts it into a URL by itself', async t => {
  const page = renderSignIn()
  t.match(page, /<form id="sign-in" hidden>/)
  t.match(page, /<label for="token">Admin token<\/label><input id="token" type="password" autocomplete="off"/)
  t.notMatch(page, / name="(?!viewport|color-scheme)/)
  t.notMatch(page, / (?:action|value)="/)
})

t.test('without scripts it says what to do', async t => {
  t.match(renderSignIn(), '<noscript>')
})
