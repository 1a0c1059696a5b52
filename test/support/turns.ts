/** How often the event loop came round, a millisecond or more apart, while `work` went on: twice when it was held. */
export async function countTurns<T>(work: () => Promise<T>): Promise<{ result: T; turns: number }> {
  let turns = 0;
  const probe = setInterval(() => (turns += 1), 1);
  try {
    const result = await work();
    return { result, turns };
  } finally {
    clearInterval(probe);
  }
}
