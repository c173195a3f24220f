import { useState } from 'preact/hooks';
import type { PauseResult } from '../../../operate/index.js';
import { count, moment, shown } from '../format.js';
import { change } from '../server.js';
import { Confirm } from './confirm.js';
import { tell } from './status.js';

/** A pause as Redis notes it, of a pattern or of an instance. */
interface Pause {
  readonly at: number;
  readonly until: number | undefined;
  readonly reason: string;
  readonly refuses?: boolean;
}

const LENGTHS = { 'until it is resumed': '', '15 minutes': '15', 'an hour': '60', 'a day': '1440' };

/** Says that something is paused, and since when and why; lets operators pause and resume it. */
export function Pausing(given: {
  readonly what: {
    readonly service: string;
    readonly pattern?: string;
    readonly instance?: string;
  };
  readonly paused: Pause | undefined;
  readonly readOnly: boolean;
}) {
  const { what, paused, readOnly } = given;
  const [asking, ask] = useState(false);
  const name = shown(what.pattern ?? what.instance ?? '');
  const resume = async (): Promise<void> => {
    try {
      tell(`${name} goes on. ${heard(await change<PauseResult>('resume', what))}`);
    } catch (error) {
      tell((error as Error).message);
    }
  };
  return (
    <>
      {paused !== undefined && (
        <span class="tag warn" title={`since ${moment(paused.at)}`}>
          paused{paused.until === undefined ? '' : ` until ${moment(paused.until)}`}
          {paused.refuses === true && ', calls are refused'}
          {paused.reason !== '' && `: ${shown(paused.reason)}`}
        </span>
      )}{' '}
      {!readOnly && paused !== undefined && (
        <button type="button" aria-label={`Resume ${name}`} onClick={() => void resume()}>
          Resume
        </button>
      )}
      {!readOnly && paused === undefined && (
        <button type="button" aria-label={`Pause ${name}`} onClick={() => ask(true)}>
          Pause
        </button>
      )}
      {asking && <PauseDialog what={what} name={name} close={() => ask(false)} />}
    </>
  );
}

function PauseDialog(given: {
  readonly what: {
    readonly service: string;
    readonly pattern?: string;
    readonly instance?: string;
  };
  readonly name: string;
  readonly close: () => void;
}) {
  const { what, name, close } = given;
  const [minutes, setMinutes] = useState('');
  const [reason, setReason] = useState('');
  const [refuse, setRefuse] = useState(false);
  const pause = async (): Promise<void> => {
    const result = await change<PauseResult>('pause', { ...what, minutes, reason, refuse });
    tell(`${name} is paused. ${heard(result)}`);
  };
  const text = (
    <>
      <p>
        {what.instance === undefined
          ? 'Nothing new of it starts at any instance. What runs finishes; events wait.'
          : 'It takes nothing new. What it has read finishes.'}
      </p>
      <label class="field">
        For how long
        <select value={minutes} onChange={(event) => setMinutes(event.currentTarget.value)}>
          {Object.entries(LENGTHS).map(([length, value]) => (
            <option key={length} value={value}>
              {length}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        Why, for those who see it
        <input
          maxLength={200}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
      {what.instance === undefined && (
        <p>
          <label class="choice">
            <input
              type="checkbox"
              checked={refuse}
              onChange={(event) => setRefuse(event.currentTarget.checked)}
            />{' '}
            Refuse calls with PAUSED instead of letting them wait
          </label>
        </p>
      )}
    </>
  );
  const question = { title: `Pause ${name}?`, text, verb: 'Pause', act: pause };
  return <Confirm question={question} close={close} />;
}

const heard = ({ applied, instances }: PauseResult): string =>
  instances === 0
    ? 'No instance lives: those that start apply it.'
    : `Applied by ${count(applied)} of ${count(instances)} instances.`;
