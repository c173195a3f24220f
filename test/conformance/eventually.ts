/** Waits, in bounds, until the assertion holds; its own failure is what a test reports. */
export const eventually = (assertion: () => void): Promise<void> =>
  vi.waitFor(assertion, { timeout: 4_000, interval: 5 });
