/** Whether HTML has rules to be written into its elements. */
export function hasStyle(html: string): boolean {
  return /<style[\s>]/iu.test(html);
}
