import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that took more than five seconds alone on two cores, the longest first. Only the order depends on it. */
const slow = [
  'tenancy/crash',
  'cli/single-tenant',
  'tenancy/rotation',
  'cli/demo',
  'crash/crash',
  'isolation/bad-input',
  'cli/parts',
  'tenancy/resolve-tenant',
  'isolation/route-guards',
  'tenancy/servers',
  'tenancy/spares',
  'tenancy/lifecycle',
  'tenancy/tenant-pools',
  'cli/books',
  'postgres/embedded/after-a-kill',
  'access/key-rotation',
  'isolation/lifecycle',
  'cli/sight',
  'postgres/embedded/identities',
  'cli/trusted-issuers',
].map((name) => `/test/${name}.test.ts`);

/** Long files begin first: one that begins last would run on while the other worker has nothing left to do. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rest = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const at = slow.findIndex((end) => moduleId.endsWith(end));
      return at < 0 ? slow.length : at;
    };
    return rest.sort((a, b) => rank(a) - rank(b));
  }
}
