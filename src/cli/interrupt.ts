/** One Ctrl-C comes twice under `npm run`: from the terminal, and again from npm, which passes it on. */
const SAME_KEYSTROKE_MS = 300;

/**
 * Calls `stop` at the first Ctrl-C or SIGTERM, so that what is in flight can be finished; a second one leaves at once.
 * @returns what gives the signals back.
 */
export function onInterrupt(stop: () => void): () => void {
  let askedAt: number | null = null;
  const handle = () => {
    if (askedAt === null) {
      askedAt = performance.now();
      stop();
    } else if (performance.now() - askedAt > SAME_KEYSTROKE_MS) {
      process.exit(130);
    }
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return () => {
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  };
}
