import { expect, it } from 'vitest';
import { attribute } from './causes.js';

const commit = { from: 100, to: 140, cause: 'commit' };
const collection = { from: 130, to: 150, cause: 'garbage' };

it('puts a slow request down to the stall that covers most of it', () => {
  const slow = [
    { from: 105, to: 145 },
    { from: 135, to: 160 },
    { from: 90, to: 139 },
  ];
  expect(attribute(slow, [collection, commit])).toEqual([
    { cause: 'commit', requests: 2, stalls: 1, longestMs: 40 },
    { cause: 'garbage', requests: 1, stalls: 1, longestMs: 20 },
  ]);
});

it('says so when nothing covers it, or too little', () => {
  expect(attribute([{ from: 138, to: 170 }], [commit])).toEqual([
    { cause: 'none of these', requests: 1, stalls: 0, longestMs: 0 },
  ]);
});
