/** `text`, or its beginning and `…` where it has more than `mostLength` characters. */
export function shortened(text: string, mostLength: number): string {
  return text.length > mostLength ? `${text.slice(0, mostLength - 1)}…` : text
}
