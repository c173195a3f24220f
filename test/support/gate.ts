/** A promise with its handle, for handlers that wait until a test lets them go. */
export class Gate {
  open: () => void = () => {};
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}
