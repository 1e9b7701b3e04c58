import { conformanceSuite } from './suite.js';

conformanceSuite('multi/database');
