/** Applies to findings what a project wants of its images: other severities, and exceptions with a reason. */
import { createIgnoreMatcher, excludePatterns, type IgnoreMatcher } from "../dockerfile/index.ts";
import { treePath } from "../paths.ts";
import type { Allowance, AuditPolicy, Finding } from "./types.ts";

/** A finding that the policy allows. */
interface AllowedByPolicy {
  readonly finding: Finding;
  readonly reason: string;
}

/** What is left of findings under a policy. */
interface Judged {
  readonly findings: readonly Finding[];
  readonly allowed: readonly AllowedByPolicy[];
  /** Exceptions that nothing needed. */
  readonly unused: readonly Allowance[];
}

/** Applies severities and exceptions. */
export function judge(findings: readonly Finding[], { findings: severities = {}, allow = [] }: AuditPolicy): Judged {
  const rules = allow.map((allowance) => ({ allowance, matches: matcherOf(allowance) }));
  const used = new Set<Allowance>();
  const kept: Finding[] = [];
  const allowed: AllowedByPolicy[] = [];
  for (const finding of findings) {
    const severity = Object.hasOwn(severities, finding.id) ? severities[finding.id] : undefined;
    if (severity === "off") continue;
    const rule = rules.find(({ matches }) => matches(finding));
    if (rule === undefined) {
      kept.push(severity === undefined ? finding : { ...finding, severity });
      continue;
    }
    used.add(rule.allowance);
    allowed.push({ finding, reason: rule.allowance.reason });
  }
  return { findings: kept, allowed, unused: allow.filter((one) => !used.has(one)) };
}

function matcherOf({ id, path }: Allowance): (finding: Finding) => boolean {
  const matcher: IgnoreMatcher | undefined =
    path === undefined ? undefined : createIgnoreMatcher(excludePatterns([{ text: path.replace(/^\/+/, "") }]));
  return (finding) =>
    (id === undefined || finding.id === id) &&
    (matcher === undefined || (finding.path !== undefined && finding.path !== "/" && matcher.excludes(treePath(finding.path))));
}
