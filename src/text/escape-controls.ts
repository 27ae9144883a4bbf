/**
 * Characters that steer a terminal or reorder what it shows: C0 and C1 controls, DEL, line separators, and the marks of
 * https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings.
 */
const steering = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** `text` with every character that steers a terminal written as `\uXXXX`, which in a JSON string means the same. */
export function escapeControls(text: string): string {
  return text.replace(steering, toEscape)
}

/** The same with line feeds left, for a text of several lines. */
export function escapeControlsInLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n')
}
