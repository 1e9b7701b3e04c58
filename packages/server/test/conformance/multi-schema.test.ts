import { conformanceSuite } from './suite.js';

conformanceSuite('multi/schema');
