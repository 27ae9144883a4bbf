/** The page's style. Colours have a contrast of at least 4.5 to 1 in both schemes. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --back: light-dark(#ffffff, #14171c);
  --raised: light-dark(#f3f5f8, #1e232b);
  --line: light-dark(#c9d0d9, #3a424e);
  --text: light-dark(#1a1f26, #e6eaf0);
  --quiet: light-dark(#505a67, #a3aebc);
  --allowed: light-dark(#13653a, #6fd69b);
  --denied: light-dark(#a1161f, #ff9a94);
  --accent: light-dark(#0b57b8, #8ab8ff);
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 100rem; padding: 0 1.25rem 3rem; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 1rem 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 2rem; border-bottom: 1px solid var(--line); }
#actions { display: flex; flex-wrap: wrap; align-items: center; gap: 1rem; }
#actions[hidden] { display: none; }
#said { margin: 0 0 .5rem; flex-basis: 100%; white-space: pre-line; }
#said:empty { display: none; }
a { color: var(--accent); }
code, pre { font: .9em/1.45 ui-monospace, monospace; }
code { overflow-wrap: anywhere; }
pre { margin: .25rem 0 .75rem; padding: .6rem .8rem; background: var(--raised); border: 1px solid var(--line); border-radius: .3rem; overflow: auto; max-width: 60rem; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 0; }
dt { color: var(--quiet); font-size: .85rem; }
dd { margin: 0; }
.scroll { position: relative; overflow-x: auto; }
.scroll + .scroll { margin-top: 1.25rem; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
caption { text-align: left; color: var(--quiet); padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
th, td { overflow-wrap: anywhere; }
tbody th { font-weight: 400; min-width: 13rem; }
td { min-width: 5.5rem; }
td:has(> code + br), td:has(.request) { min-width: 12rem; }
td > p { margin: 0; }
td > ul { margin: 0; padding-left: 1.1rem; }
tr:has(+ .more) > * { border-bottom: 0; padding-bottom: 0; }
.more details { position: sticky; left: 0; max-width: calc(100vw - 2.5rem); }
.more details[open] { padding-left: 1.2rem; }
summary { cursor: pointer; color: var(--accent); }
.allowed { color: var(--allowed); font-weight: 600; }
.denied { color: var(--denied); font-weight: 600; }
.risk { border-left: .25rem solid var(--denied); padding-left: .6rem; }
.alert { border: 2px solid var(--denied); border-radius: .3rem; padding: .5rem 1rem; margin: .5rem 0 1rem; }
.alert p { margin: .25rem 0; }
.issues { margin: .25rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.section > summary { color: inherit; }
.section > summary h2 { display: inline-block; margin-bottom: .5rem; }
.section:not([open]) > summary h2 { margin: .5rem 0; }
.quiet { color: var(--quiet); }
.values { margin: 0; padding-left: 1.2rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; padding: .4rem .8rem; background: var(--back); }
form { display: flex; flex-wrap: wrap; align-items: end; gap: .25rem 1.25rem; }
form p { margin: .25rem 0; }
label { display: block; }
#actions label { display: inline-block; }
input:not([type=checkbox]), select, button { font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--quiet); border-radius: .3rem; padding: .35rem .6rem; min-height: 2.35rem; }
input:not([type=checkbox]) { width: 20rem; max-width: 100%; }
::placeholder { color: var(--quiet); opacity: 1; }
button { cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`
