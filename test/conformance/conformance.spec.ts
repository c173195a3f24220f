import { clientCases } from './cases/client.cases.js';
import { contextCases } from './cases/context.cases.js';
import { deliveryCases } from './cases/delivery.cases.js';
import { errorsCases } from './cases/errors.cases.js';
import { eventsCases } from './cases/events.cases.js';
import { formsCases } from './cases/forms.cases.js';
import { hooksCases } from './cases/hooks.cases.js';
import { patternsCases } from './cases/patterns.cases.js';
import { payloadsCases } from './cases/payloads.cases.js';
import { pipelineCases } from './cases/pipeline.cases.js';
import { schemaCases } from './cases/schema.cases.js';
import { scopesCases } from './cases/scopes.cases.js';
import { differences, differencesTable, transportNames, unusedDifferences } from './differences.js';
import { transports } from './transports.js';

const themes = [
  formsCases,
  payloadsCases,
  errorsCases,
  patternsCases,
  eventsCases,
  pipelineCases,
  schemaCases,
  scopesCases,
  contextCases,
  hooksCases,
  clientCases,
  deliveryCases,
];

for (const transport of transports) {
  const { name, over } = transport;
  describe(over === undefined ? name : `${name} over ${over}`, () => {
    for (const register of themes) register(transport);
  });
}

test('the suite runs over every transport', () => {
  expect([...new Set(transports.map(({ name }) => name))]).toEqual(transportNames);
});

describe('meant differences', () => {
  test('each one listed is used by a case', () => {
    expect(unusedDifferences()).toEqual([]);
  });

  test('the table has one row for each', () => {
    expect(differencesTable().split('\n')).toHaveLength(Object.keys(differences).length + 2);
  });
});
