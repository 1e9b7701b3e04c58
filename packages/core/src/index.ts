export { type ErrorName, errorCatalogue } from './error-catalogue.js';
export { type FieldProblem, LedgerError, type LedgerErrorInfo } from './errors.js';
export * from './ids.js';
