import { describe, expect, it } from 'vitest';
import { createAccountGuard } from '../../src/access/login/account-guard.js';
import { newTenantId } from './support/access-installation.js';
import { createClock } from './support/access-manager.js';

describe('the guard of an account under attack', () => {
  const setUp = () => {
    const clock = createClock();
    const guard = createAccountGuard({ now: () => clock.now, failuresMax: 5 });
    const tenantId = newTenantId();
    const attack = () => {
      for (let at = 0; at < 10; at += 1) guard.of(tenantId, 'Owner@example.com', `203.0.113.${at}`).countFailure();
    };
    return { clock, guard, tenantId, attack };
  };

  it('slows down guesses from many addresses, whatever the letter case', () => {
    const { guard, tenantId, attack } = setUp();
    attack();
    const stranger = guard.of(tenantId, 'owner@EXAMPLE.com', '192.0.2.1');
    expect(() => stranger.check()).toThrow(expect.objectContaining({ code: 'AUT-0015' }));
  });

  it('lets in the address from which the right password came before', () => {
    const { guard, tenantId, attack } = setUp();
    guard.of(tenantId, 'owner@example.com', '192.0.2.1').succeeded();
    attack();
    guard.of(tenantId, 'owner@example.com', '192.0.2.1').check();
  });

  it('opens by itself: nobody is locked out for good', () => {
    const { clock, guard, tenantId, attack } = setUp();
    attack();
    clock.forward(901);
    guard.of(tenantId, 'owner@example.com', '192.0.2.1').check();
  });

  it('tells apart namesakes of two tenants', () => {
    const { guard, attack } = setUp();
    attack();
    guard.of(newTenantId(), 'owner@example.com', '192.0.2.1').check();
  });
});
