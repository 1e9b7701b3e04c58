const amount = { asset: 'USD', value: '100.50' };

export const jsonExample = {
  description: 'Rent of January',
  metadata: { invoice: '2026-01' },
  send: {
    ...amount,
    source: { from: [{ accountAlias: '@alice', amount }] },
    distribute: {
      to: [
        { accountAlias: '@landlord', share: { percentage: 90 } },
        { accountAlias: '@agency', remaining: 'remaining' },
      ],
    },
  },
};

export const inflowExample = { send: { ...amount, distribute: { to: [{ accountAlias: '@alice', amount }] } } };
export const outflowExample = { send: { ...amount, source: { from: [{ accountAlias: '@alice', amount }] } } };
