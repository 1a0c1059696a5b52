/** Preloaded into a server (`node --import`): has faults in it that nobody catches, when it is told to. */
process.on('message', (kind) => {
  if (kind === 'reject') void Promise.reject(new Error('A promise of the test.'));
  else
    setImmediate(() => {
      throw new Error('An exception of the test.');
    });
});
// Listening keeps nobody from ending.
process.channel?.unref();
