import { EndingSignal, EndingSignals } from './signals.js';

/** What an application does on a signal, until the test ends. */
function handles(signal: NodeJS.Signals, handler: () => void = () => {}): () => void {
  process.on(signal, handler);
  const remove = (): void => void process.off(signal, handler);
  onTestFinished(remove);
  return remove;
}

/** The starts of these tests: those of other tests in this process may still wait. */
const signals = new EndingSignals();

function waits(): EndingSignal {
  const ending = new EndingSignal(signals);
  onTestFinished(() => ending.ignore());
  return ending;
}

const listeners = () =>
  ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'].map((signal) => process.listenerCount(signal));

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(process, 'kill').mockReturnValue(true);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a signal that an application handles while a start waits', () => {
  it('is the code that the process ends with', () => {
    handles('SIGTERM');
    const all = [waits(), waits()];
    process.emit('SIGTERM', 'SIGTERM');
    expect(all.map(({ exitCode }) => exitCode)).toEqual([143, 143]);
  });

  it('is forgotten after 10 s if it was SIGHUP: it said "reload", and others are heard later', () => {
    handles('SIGHUP');
    handles('SIGTERM');
    const ending = waits();
    process.emit('SIGHUP', 'SIGHUP');
    expect(ending.exitCode).toBe(129);
    vi.advanceTimersByTime(9_999);
    expect(ending.exitCode).toBe(129);
    vi.advanceTimersByTime(1);
    expect(ending.exitCode).toBeUndefined();
    process.emit('SIGHUP', 'SIGHUP');
    expect(ending.exitCode).toBe(129);
    process.emit('SIGTERM', 'SIGTERM');
    vi.advanceTimersByTime(60_000);
    expect(ending.exitCode).toBe(143);
  });

  it('is sent again when the application has taken its handler away, so that it ends the process', () => {
    const remove = handles('SIGTERM');
    const ending = waits();
    remove();
    process.emit('SIGTERM', 'SIGTERM');
    expect(ending.exitCode).toBeUndefined();
    expect(process.kill).toHaveBeenCalledExactlyOnceWith(process.pid, 'SIGTERM');
  });

  it('is not sent again when the application listens once', () => {
    let closes = 0;
    process.once('SIGTERM', () => closes++);
    const ending = waits();
    process.emit('SIGTERM', 'SIGTERM');
    expect(closes).toBe(1);
    expect(ending.exitCode).toBe(143);
    expect(process.kill).not.toHaveBeenCalled();
  });

  it('has no listener of ours after it, nor after the last start is over', () => {
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) handles(signal);
    const before = listeners();
    const [one, other] = [waits(), waits()];
    expect(listeners()).toEqual(before.map((count) => (count === 0 ? 0 : count + 1)));
    one.ignore();
    process.emit('SIGHUP', 'SIGHUP');
    other.ignore();
    vi.advanceTimersByTime(60_000);
    expect(listeners()).toEqual(before);
  });
});
