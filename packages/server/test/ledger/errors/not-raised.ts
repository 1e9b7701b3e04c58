/**
 * Codes of the contract's table that no request to rows 1–101 is answered with here, and why. Each reason names the part
 * of the contract (ledger-api, or contract.md where it says so) that makes it so.
 */
export const notRaised: Readonly<Record<string, string>> = {
  '0044': 'contract.md, "One answer for refusals": an authorizer that fails is 503/0161 with Retry-After',
  '0045': 'contract.md, "One answer for refusals": keys that cannot be fetched are 503/0161 with Retry-After',
  '0052': '§3.5: a missing account answers 0007',
  '0054': '§3.5, §5.4: no route takes a list of account ids; a missing account answers 0007, a leg of none 0019',
  '0055': '§3.5: a missing asset answers 0007',
  '0061': '§11.2: not raised in this release',
  '0063': '§5.4 step 14: aliases that are not found answer 0019; §4.9: a list of their balances is empty',
  '0068': '§3.5: a missing operation answers 0007',
  '0070': '§3.5: a missing transaction answers 0007',
  '0077': '§10.2: a date that cannot be read answers 0131, before anything is normalised',
  '0084':
    '§5.10, docs/adr/0006: a second call with a key in flight waits and is answered as a replay, in one process or in two',
  '0086': '§5.4: balances are locked, not guessed at; a lost race is run again by the server',
  '0095': '§5.11: without a queue there is no queue that can fail',
  '0097': '§1: amounts have any precision; too many digits are the client’s and answer 0047',
  '0100': '§11.2: not raised in this release',
  '0126': '§4.9, §11.2: not raised in this release, 0007 instead',
  '0128': '§5.11: there is no backup cache',
  '0129': '§5.11: there is no backup cache',
  '0134': '§8: the format of an index key is a field rule, 0047',
  '0137': '§8: no HTTP path raises it; no index is protected',
  '0139': '§5.11: there is no backup cache',
  '0152':
    '§7.4 step 6 comes first: a leg only meets routes of its own side; `core` guards stored data (check-routes.test.ts)',
  '0155': '§11.2: not raised in this release',
  '0177': '§4.3: the limit guard is a service of its own that nothing connects to yet, so it cannot deny',
  'CRM-0034': '§9.4: encryption, rows 102–104',
  'CRM-0035': '§9.4: encryption, rows 102–104',
  'CRM-0037': '§9.4: encryption, rows 102–104',
  'CRM-0038': '§9.4: encryption, rows 102–104',
  'CRM-0039': '§9.4: encryption, rows 102–104',
  'CRM-0041': '§9.4: encryption, rows 102–104',
};
