/** How many are remembered; the oldest go first. */
const REMEMBERED = 10_000;

/**
 * Entries that this process has handed to other members of its group lately. Each is handed on once by
 * every instance, so that it does not go round for ever where two of them disagree about who serves it.
 */
export class HandOvers {
  private readonly handed = new Set<string>();

  /** @param deliveries a take-over is a delivery more, after which it may be handed on again */
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
