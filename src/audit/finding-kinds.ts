/** Tables of finding kinds: one row an id, with what it is unless a policy says otherwise. */
import type { AuditGroup, Finding, FindingKind, Severity } from "./types.ts";

/** What a check tells of a finding; the severity is the kind's unless given. */
type FindingFacts = Omit<Finding, "id" | "severity"> & { readonly severity?: Severity };

/** The kinds of one group, and how a check makes a finding of one. */
export interface KindTable<Id extends string> {
  readonly kinds: readonly FindingKind[];
  readonly found: (id: Id, facts: FindingFacts) => Finding;
}

/** Makes a table of rows `id: [severity, title]`, in the order of docs/audit.md. */
export function kindTable<Id extends string>(
  group: AuditGroup,
  rows: Readonly<Record<Id, readonly [severity: Severity, title: string]>>,
): KindTable<Id> {
  return {
    kinds: Object.entries<readonly [Severity, string]>(rows).map(([id, [severity, title]]) => ({ id, group, severity, title })),
    found: (id, facts) => ({ id, severity: rows[id][0], ...facts }),
  };
}
