/** As `toLocaleString('en')`, without the 8 MB that ICU takes: `1,234,567`, `0.125`. */
export function count(amount: number): string {
  const [whole, decimals] = String(Math.round(amount * 1_000) / 1_000).split('.');
  const grouped = whole!.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

/** `1 lead`, `2,000 leads`; the second word where it is no plain plural. */
export function counted(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}
