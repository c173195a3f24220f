// Preloaded into the processes of the demo: whatever becomes of the demo, none of them stays.
process.once('disconnect', () => process.exit());
