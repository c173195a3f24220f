import { Logger } from '@nestjs/common';
import type { HandlerHook } from '../../nest/handler-hook.js';
import { definitionOf, type ContractClass } from '../declare/definition.js';
import { contractSchema } from '../schema/contract-schema.js';
import { announcingHook } from './announced-services.js';
import { Tally } from './tally.js';
import type { ContractFacts } from './contract-facts.js';
import { thrownText } from '../../thrown.js';

/** Makes what a server announces of a contract: its name, its schema, and what its methods have done. */
export function contractAnnouncer(contract: ContractClass, force: boolean): HandlerHook {
  const definition = definitionOf(contract);
  return announcingHook(() => {
    const names = new Map([...definition.methods.values()].map((one) => [one.pattern, one.name]));
    const tallies = new Map<string, Tally>();
    const started = performance.now();
    let hash: string | undefined;
    return {
      name: definition.prefix,
      async document() {
        try {
          const schema = await contractSchema(contract);
          ({ hash } = schema);
          return JSON.stringify(schema);
        } catch (error) {
          // It can be served all the same; a type without a schema must not keep it from starting.
          const told = `${definition.prefix} cannot be described: ${thrownText(error)}`;
          new Logger('Contracts').warn(told, { code: 'CONTRACT_UNDESCRIBED' });
          return undefined;
        }
      },
      about(): ContractFacts {
        const counts = [...tallies].map(([name, tally]) => [name, tally.counts] as const);
        return {
          version: definition.version,
          hash,
          force,
          uptime: Math.round(performance.now() - started),
          methods: Object.fromEntries(counts.filter(([, one]) => one.calls + one.inFlight > 0)),
        };
      },
      watch(pattern, handler) {
        const name = names.get(pattern);
        if (name === undefined) return handler;
        const tally = new Tally();
        tallies.set(name, tally);
        return tally.watch(handler);
      },
    };
  });
}
