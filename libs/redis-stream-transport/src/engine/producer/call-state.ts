/**
 * - `writing`: its serializer works.
 * - `queued`: it has its data, and waits for a batch.
 * - `sent`: a copy is on its way.
 * - `stored`: the id of its entry is known.
 * - `unknown`: it may be stored, and the id of its entry will not be known.
 * - `deciding`: it is given up, and Redis is asked whether it may have run.
 * - `reading`: it has its last reply, and its deserializer works.
 * - `settled`: its sink was told the last thing.
 */
export type CallState =
  'writing' | 'queued' | 'sent' | 'stored' | 'unknown' | 'deciding' | 'reading' | 'settled';
