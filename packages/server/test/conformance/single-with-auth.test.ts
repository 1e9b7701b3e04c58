import { conformanceSuite } from './suite.js';

conformanceSuite('single with auth');
