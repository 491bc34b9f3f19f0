/** Says whether an image will run, and what is in it that should not be. */
export type * from "./types.ts";
export { FINDING_KINDS, findingKind } from "./finding-table.ts";
export type { BuildStage, LeftBehind, LeftStage } from "./left-behind.ts";
export type { AllowedFinding, AuditReport, ReportedFinding, ReportedLayer } from "./report.ts";
export { runAudit, type RunAuditOptions } from "./run-audit.ts";
export { auditSarif } from "./sarif.ts";
export type { SizeReport } from "./sizes.ts";
export { directorySubject, imageSubject } from "./subject.ts";
