import { UntrustedMessage, type SealedLetter } from '../options/sealing.js';
import { isTexts, readJson } from '../protocol/json.js';
import { unpacked } from './content.js';

/** What an operator has sealed around a letter. @throws UntrustedMessage */
export function readLetter(opened: Buffer): SealedLetter {
  const read = readJson(unpacked(opened).data.toString());
  const value = read.ok ? read.value : undefined;
  if (!isLetter(value)) throw new UntrustedMessage('it holds no letter');
  return value;
}

function isLetter(value: unknown): value is SealedLetter {
  if (typeof value !== 'object' || value === null) return false;
  const letter = value as Readonly<Record<string, unknown>>;
  const isText = (name: string): boolean => typeof letter[name] === 'string';
  const mayBeText = (name: string): boolean => letter[name] === undefined || isText(name);
  return (
    ['text', 'pattern', 'stream'].every(isText) &&
    ['caller', 'call', 'key'].every(mayBeText) &&
    typeof letter['idle'] === 'number' &&
    typeof letter['once'] === 'boolean' &&
    (letter['headers'] === undefined || isTexts(letter['headers']))
  );
}
