/** Every kind of finding. A test compares it with the headings of docs/audit.md. */
import { DISTROLESS } from "./checks/distroless/findings.ts";
import { RUN_AS } from "./checks/run-as/findings.ts";
import { RUN_FINDINGS } from "./checks/run/findings.ts";
import { SIZE } from "./checks/size/findings.ts";
import type { FindingKind } from "./types.ts";

/** In the order in which reports show them. */
export const FINDING_KINDS: readonly FindingKind[] = [...RUN_FINDINGS, ...RUN_AS.kinds, ...DISTROLESS.kinds, ...SIZE.kinds];

const byId = new Map(FINDING_KINDS.map((kind) => [kind.id, kind]));

/** The kind of an id, or undefined. */
export function findingKind(id: string): FindingKind | undefined {
  return byId.get(id);
}
