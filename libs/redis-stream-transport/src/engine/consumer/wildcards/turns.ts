/** Which of a list have their turn in a round, where one round cannot take all of them: so many, and in the next one those after them. */
export class Turns {
  private from = 0;
  private most = 0;
  private seen = 0;

  /** @param most that have their turn in this round */
  begin(most: number): void {
    this.most = most;
    this.seen = 0;
  }

  /** Whether it is the turn of the next one of the list. */
  isNext(): boolean {
    const at = this.seen++;
    return at >= this.from && at < this.from + this.most;
  }

  /** The list is at its end. */
  end(): void {
    const next = this.from + this.most;
    this.from = next < this.seen ? next : 0;
  }
}
