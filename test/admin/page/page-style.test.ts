import t from 'tap'
import { pageStyle } from '../../../src/admin/page/page-style.ts'

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(at => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

const colours = new Map(
  [...pageStyle.matchAll(/--(\w+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [
    name,
    { light: light ?? '', dark: dark ?? '' },
  ]),
)

for (const scheme of ['light', 'dark'] as const) {
  for (const name of ['text', 'quiet', 'allowed', 'denied', 'accent']) {
    for (const back of ['back', 'raised']) {
      t.test(`${name} on ${back} can be read in the ${scheme} scheme`, async t => {
        const ratio = contrast(colours.get(name)?.[scheme] ?? '', colours.get(back)?.[scheme] ?? '')
        t.ok(ratio >= 4.5, ratio.toFixed(2))
      })
    }
  }
}

t.test('nothing is loaded from elsewhere', async t => {
  t.notMatch(pageStyle, /url\(|@import/)
})
