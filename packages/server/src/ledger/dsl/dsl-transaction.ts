/** A transaction as the DSL says it, in the members of the JSON body. Amounts are the digits as written. */
export interface DslTransaction {
  readonly chartOfAccountsGroupName: string;
  readonly description?: string;
  readonly code?: string;
  readonly pending?: boolean;
  readonly metadata?: Record<string, string>;
  readonly send: {
    readonly asset: string;
    readonly value: string;
    readonly source: { readonly from: DslLeg[] };
    readonly distribute: { readonly to: DslLeg[] };
  };
}

export interface DslLeg {
  readonly accountAlias: string;
  readonly amount?: { readonly asset: string; readonly value: string };
  readonly share?: { readonly percentage: number; readonly percentageOfPercentage?: number };
  readonly remaining?: string;
  readonly description?: string;
  readonly metadata?: Record<string, string>;
}
