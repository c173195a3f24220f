import { CONSUMERS } from '../../scripts/consumers/projects.js';
import { CELLS, PARTS } from '../../scripts/matrix/cells.js';
import { records } from '../../scripts/matrix/records.js';
import { compatibilityTable } from '../../scripts/matrix/table.js';

const { played, consumed } = records();
const DAY = /^20\d\d-\d\d-\d\d$/;

it('every result is of a cell and a part that there are, and has versions and a day', () => {
  const cells = CELLS.map(({ name }) => name);
  for (const { cell, part, passed, server, node, date } of played) {
    expect(cells).toContain(cell);
    expect(Object.keys(PARTS)).toContain(part);
    expect(passed).toMatch(/^[1-9]\d* /);
    expect(server).toMatch(/^(?:Redis|Valkey) \d+\.\d+\.\d+$/);
    expect(node).toMatch(/^\d+\.\d+\.\d+$/);
    expect(date).toMatch(DAY);
  }
});

it('all projects of consumers worked, and their versions and days are known', () => {
  expect(consumed.map(({ project }) => project)).toEqual(
    CONSUMERS.map(({ name }) => name).toSorted(),
  );
  for (const { versions, date } of consumed) {
    expect(Object.values(versions).every((version) => /^\d+\.\d+\.\d+$/.test(version))).toBe(true);
    expect(date).toMatch(DAY);
  }
});

it('the table has a line for each cell that was played, and its days', () => {
  const lines = compatibilityTable().split('\n');
  for (const { passed, server, node, date } of played) {
    const line = lines.find((each) => each.startsWith(`| ${server} | ${node} |`));
    expect(line).toContain(`${passed}, ${date}`);
  }
});
