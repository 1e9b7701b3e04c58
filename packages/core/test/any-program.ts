import fc from 'fast-check';
import type { ModelBalance, ModelKind, ModelLeg } from './reference-books.js';

/** One thing to do. `target` picks a transaction made so far. */
export type Instruction =
  | {
      readonly do: 'create';
      readonly kind: ModelKind;
      readonly from: readonly ModelLeg[];
      readonly to: readonly ModelLeg[];
    }
  | { readonly do: 'commit' | 'cancel' | 'revert'; readonly target: number };

const fresh = {
  available: 0n,
  onHold: 0n,
  used: 0n,
  version: 0,
  external: false,
  debitDirection: false,
  key: 'default',
};

/** Few balances, so that they meet often: two that may overdraw, one of them with a limit, on one account with two keys. */
export const startBalances: readonly ModelBalance[] = [
  { ...fresh, alias: '@external/USD', external: true, debitDirection: true },
  { ...fresh, alias: '@plain', available: 60n },
  { ...fresh, alias: '@owe', available: 20n, overdraft: null },
  { ...fresh, alias: '@owe', key: 'limited', available: 10n, overdraft: 40n },
  { ...fresh, alias: '@owe', key: 'overdraft', debitDirection: true },
  { ...fresh, alias: '@debt', available: 30n, debitDirection: true },
];

const names = [
  ...startBalances.map(({ alias, key }) => `${alias}#${key}`),
  // Often, because it is where the paths cross.
  '@owe#default',
  '@owe#default',
  '@owe#limited',
  '@plain#default',
];
const nameWeights = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...names.filter((name) => !name.endsWith('#overdraft'))) },
  { weight: 1, arbitrary: fc.constantFrom('@owe#overdraft', '@nobody#default', '@plain#other') },
);

/** A value cut into parts, one a leg. */
const anyLegs = (value: bigint) =>
  fc
    .array(fc.tuple(nameWeights, fc.bigInt({ min: 1n, max: value })), { minLength: 1, maxLength: 3 })
    .map((cuts): ModelLeg[] => {
      const legs: ModelLeg[] = [];
      let rest = value;
      cuts.forEach(([name, cut], i) => {
        const amount = i === cuts.length - 1 || cut > rest ? rest : cut;
        if (amount > 0n) legs.push([name, amount]);
        rest -= amount;
      });
      return legs;
    });

const anyCreate = fc.bigInt({ min: 1n, max: 60n }).chain((value) =>
  fc.record({
    do: fc.constant('create' as const),
    kind: fc.oneof(
      { weight: 4, arbitrary: fc.constant<ModelKind>('direct') },
      { weight: 4, arbitrary: fc.constant<ModelKind>('hold') },
      { weight: 1, arbitrary: fc.constantFrom<ModelKind>('annotation', 'block', 'unblock') },
    ),
    from: anyLegs(value),
    to: anyLegs(value),
  }),
);

const anyEnd = fc.record({
  do: fc.constantFrom('commit' as const, 'cancel' as const, 'revert' as const),
  target: fc.nat(),
});

export const anyInstruction: fc.Arbitrary<Instruction> = fc.oneof(
  { weight: 3, arbitrary: anyCreate },
  { weight: 2, arbitrary: anyEnd },
);

export const anyProgram: fc.Arbitrary<readonly Instruction[]> = fc.array(anyInstruction, {
  minLength: 5,
  maxLength: 40,
  size: 'max',
});
