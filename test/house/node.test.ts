import { expect, test } from 'vitest';

test('tests run on the project’s own Node, whatever Node started npm', () => {
  expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(24);
});
