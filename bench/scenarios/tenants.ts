import { randomTransfers } from '../load/requests.js';
import { postScenario } from './post-scenario.js';
import type { Scenario } from './scenario.js';

const manyConnections = 2_000;

function tenants(count: number, connections: number): Scenario {
  const name = connections === manyConnections ? `tenants${count}` : `tenants${count}with${connections}`;
  return postScenario({
    name,
    title: `ours, ${count === 1 ? '1 tenant' : `${count} tenants at once`}, ${connections.toLocaleString('en-US')} connections`,
    server: (stage) => stage.ours,
    books: (stage) => (count === 1 ? [stage.books] : stage.manyBooks.slice(0, count)),
    connections,
    makeBody: randomTransfers,
    prepared: count === 1 ? 2_000 : 100,
    warmUpMsMin: 1_200,
  });
}

export const oneTenant = tenants(1, manyConnections);
export const tenTenants = tenants(10, manyConnections);
export const hundredTenants = tenants(100, manyConnections);
export const hundredTenantsFewConnections = tenants(100, 100);
