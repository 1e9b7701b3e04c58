// Loaded into the measured server (`--import`): says how much memory is in use after everything unused is gone.
process.on('message', (message) => {
  if (message?.ask !== 'memory') return;
  globalThis.gc();
  globalThis.gc();
  process.send(process.memoryUsage());
});
// The channel alone must not keep the server from ending.
process.channel?.unref();
