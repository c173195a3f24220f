/** Hand-overs that are remembered; the oldest are forgotten first. */
const REMEMBERED = 10_000;

/**
 * Remembers the entries that this process has handed to other members of its group. Each instance hands an entry
 * on once, so that it does not go round for ever when two instances disagree about which of them serves it.
 */
export class HandOvers {
  private readonly handed = new Set<string>();

  /** @param deliveries of the entry; a take-over adds one, so the entry may be handed on again after it */
  isFirst(stream: string, id: string, deliveries: number): boolean {
    return !this.handed.has(`${stream} ${id} ${deliveries}`);
  }

  note(stream: string, id: string, deliveries: number): void {
    this.handed.add(`${stream} ${id} ${deliveries}`);
    if (this.handed.size <= REMEMBERED) return;
    for (const oldest of this.handed) {
      this.handed.delete(oldest);
      return;
    }
  }
}
