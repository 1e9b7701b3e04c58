import type { Reply } from './http.js';
import type { CreateRecord } from './records.js';

interface Ordered {
  readonly pending?: boolean;
  readonly send: {
    readonly asset: string;
    readonly value: string;
    readonly source: { readonly from: readonly { readonly accountAlias: string }[] };
    readonly distribute: { readonly to: readonly { readonly accountAlias: string }[] };
  };
}

/** Of an account without money: refused whatever happens around it. */
export const emptyAlias = '@empty';

/** Whether what was answered to a create is what was asked for; undefined: it is. */
export function faultOfCreate(record: CreateRecord, { status, body }: Reply): string | undefined {
  const ordered = record.body as Ordered;
  const { asset, value, source, distribute } = ordered.send;
  const isDoomed = source.from[0]?.accountAlias === emptyAlias;
  const about = `${record.tag}: ${status} ${JSON.stringify(body)}`;
  if (status === 201) {
    const said = [body.amount, body.assetCode, body.metadata?.tag, body.status?.code, body.source, body.destination];
    const expected = [
      ...[value, asset, record.tag, ordered.pending === true ? 'PENDING' : 'CREATED'],
      ...[source.from, distribute.to].map((legs) => legs.map(({ accountAlias }) => accountAlias)),
    ];
    if (isDoomed) return `an account without money has paid: ${about}`;
    return JSON.stringify(said) === JSON.stringify(expected) ? undefined : `another transaction was answered: ${about}`;
  }
  if (status !== 422) return undefined;
  return isDoomed && body.code === '0018' ? undefined : `refused for no reason: ${about}`;
}

/** Whether a transaction that was acknowledged is read as it was posted. */
export function faultOfRead(record: CreateRecord, { status, body }: Reply): string | undefined {
  const { pending = false, send } = record.body as Ordered;
  const states = pending ? ['PENDING', 'APPROVED', 'CANCELED'] : ['APPROVED'];
  const right =
    status === 200 &&
    body.id === record.id &&
    body.metadata?.tag === record.tag &&
    body.amount === send.value &&
    states.includes(body.status?.code);
  return right
    ? undefined
    : `${record.tag}, acknowledged as ${record.id}, was read as ${status} ${JSON.stringify(body)}`;
}

/** One statement reads them all, so whatever is under way they add up to nothing and nobody owes what they may not. */
export function faultOfBalances({ status, body }: Reply): string | undefined {
  if (status !== 200) return `balances were answered with ${status} ${JSON.stringify(body)}`;
  let sum = 0n;
  for (const { available, onHold, direction, accountType, alias } of body.items) {
    // Whole amounts only are posted here.
    sum += direction === 'credit' ? BigInt(onHold) + BigInt(available) : BigInt(onHold) - BigInt(available);
    if (accountType !== 'external' && BigInt(available) < 0n) return `${alias} was read with ${available}`;
  }
  return sum === 0n ? undefined : `balances were read that add up to ${sum}`;
}
