import juice from 'juice';

/** Rules for everything, of a long page, would make it many times as long: then it goes as it was written. */
const MOST_ADDED = 200_000;

/**
 * The HTML with the rules of its `<style>` written into the elements that they are for: some mailboxes take `<style>` away.
 * What cannot stand there (`@media`, `:hover`, selectors that fit nothing) stays. Nothing is fetched, whatever it links to.
 */
export function inlineCss(html: string): string {
  const inlined = juice(html, {
    removeStyleTags: false,
    removeInlinedSelectors: true,
    // What is `!important` must still win over a rule that stays.
    preserveImportant: true,
    inlineDuplicateProperties: true,
  });
  return inlined.length > html.length + MOST_ADDED ? html : inlined;
}
