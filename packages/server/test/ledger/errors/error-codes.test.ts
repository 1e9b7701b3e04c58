import { errorCatalogue } from '@cofferdam/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorStatus } from '../../../src/http/error-status.js';
import { contractCodes } from './contract-codes.js';
import { notRaised } from './not-raised.js';
import { raiseDoor } from './raise-door.js';
import { raiseHolders, raiseRecords } from './raise-records.js';
import { raiseRoutes, raiseTransactions } from './raise-transactions.js';
import { openStage, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 180_000);
afterAll(() => stage.close());

const raises = { ...raiseDoor, ...raiseRecords, ...raiseHolders, ...raiseTransactions, ...raiseRoutes };
const ours = new Map(
  Object.entries(errorCatalogue).map(([name, { code, title }]) => [
    code as string,
    { title, status: errorStatus[name as keyof typeof errorStatus] },
  ]),
);
/** What a server tells when something is wrong with itself. */
const statusTexts: Readonly<Record<number, string>> = { 500: 'Internal Server Error', 503: 'Service Unavailable' };
const listed = (...tables: object[]) => tables.flatMap(Object.keys).sort();

describe('the catalogue of the contract', () => {
  test('is raised code by code, or it is said why not', () => {
    expect(listed(raises, notRaised)).toEqual(contractCodes.map(([code]) => code).sort());
  });

  test('agrees with ours on every status and title, and ours has no other code', () => {
    const documented = contractCodes.filter(([code]) => ours.has(code));
    expect(documented.map(([code]) => [code, ours.get(code)])).toEqual(
      documented.map(([code, status, title]) => [code, { status, title }]),
    );
    expect([...ours.keys()].filter((code) => !contractCodes.some(([known]) => known === code))).toEqual(ownCodes);
    // What is not ours cannot be raised; all else is.
    for (const [code] of contractCodes) if (!ours.has(code)) expect(notRaised).toHaveProperty(code);
  });
});

/** Where the contract has none: raised in tenancy/quotas.test.ts. */
const ownCodes = ['COF-0001'];

describe('over HTTP', () => {
  test.each(contractCodes.filter(([code]) => code in raises))('%s %i %s', async (code, status, title) => {
    const { body, ...answer } = await (raises[code] as (typeof raises)[string])(stage);
    // One refusal has two statuses: a body too large for its route (ledger-api §11.1).
    expect({ status: answer.status, ...body }).toMatchObject({
      status,
      code,
      title: status < 500 ? title : statusTexts[status],
      type: `https://errors.lerian.studio/v1/${code}`,
      detail: status < 500 ? expect.stringMatching(/.{15}/) : 'internal error',
      message: body.detail,
    });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
});
