// The marks by which a text shows that it is a template, whose values something else should have put in.

/** `{{ x }}`, `{% x %}`, `<% x %>`, `${x}`, `#{x}`, `%{ x }`, `@@X@@`, `%X%`; no `{{` before the key of a mapping, which is a slip. */
export const delimitedTemplate = /\{\{(?!\s*["'][^"'\n]*["']\s*:)|\{%|<%|[$#%]\{|@@[A-Za-z]\w*@@|%[A-Za-z_]{2,}%/

/** `$NAME` and `__NAME__`, which are templates where they stand alone. */
export const templateName = /\$[A-Za-z_]\w*|__[A-Za-z]\w*__/

const anyMark = new RegExp(`${delimitedTemplate.source}|${templateName.source}`, 'y')
const onlyName = new RegExp(`^\\s*(?:${templateName.source})\\s*$`)

/** What a template is called. */
export const unfilledTemplate = 'a template that is not filled in'

/** What is wrong where a text has one in place of its own form. */
export const templateFault = { message: `${unfilledTemplate} stands here`, allowed: 'the file that the template makes' }

/** Whether a value is a template, wholly or in part. */
export function isTemplate(value: string): boolean {
  return delimitedTemplate.test(value) || onlyName.test(value)
}

/** Whether a template begins at `offset`. */
export function beginsTemplate(text: string, offset: number): boolean {
  anyMark.lastIndex = offset
  return anyMark.test(text)
}
